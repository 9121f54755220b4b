import { describe, expect, it } from "@jest/globals";
import { makeWireObjects } from "../../../operator/admission/wire-objects.ts";
import type { Answer } from "../../../operator/cluster/failure.ts";
import type { Ask, Wire } from "../../../operator/cluster/wire.ts";
import type { KubernetesObject, Ref } from "../../../operator/render/object.ts";

const secret: KubernetesObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "a", namespace: "ns1", resourceVersion: "1" },
};
const refOf = (apiVersion: string, kind: string, namespace = ""): Ref => ({
  ...{ apiVersion, kind, namespace, name: "a" },
});
const statusOf = (reason: string) => ({ kind: "Status", reason, message: "because" });

/** A wire with one answer to everything, and what was asked of it. */
const wireOf = (answer: Answer) => {
  const asked: Ask[] = [];
  const ask = async (one: Ask): Promise<Answer> => {
    asked.push(one);
    return answer;
  };
  const wire: Wire = { ask, stream: async () => undefined, close: () => {} };
  return { objects: makeWireObjects(wire), asked };
};

describe("makeWireObjects", () => {
  it.each([
    { ref: refOf("v1", "Secret", "ns1"), path: "/api/v1/namespaces/ns1/secrets/a" },
    { ref: refOf("v1", "Service", "ns1"), path: "/api/v1/namespaces/ns1/services/a" },
    {
      ref: refOf("apps/v1", "Deployment", "ns1"),
      path: "/apis/apps/v1/namespaces/ns1/deployments/a",
    },
    {
      ref: refOf("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
      path: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/a",
    },
    {
      ref: refOf("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
      path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/a",
    },
  ])("reads $ref.kind where it is", async ({ ref, path }) => {
    const { objects, asked } = wireOf({ status: 200, body: secret });
    expect(await objects.read(ref)).toEqual(secret);
    expect(asked).toMatchObject([{ method: "GET", verb: "get", path }]);
  });

  it("knows what is not there from what is not answered", async () => {
    const gone = wireOf({ status: 404, body: statusOf("NotFound") });
    expect(await gone.objects.read(refOf("v1", "Secret", "ns1"))).toBeUndefined();
    const lost = wireOf({ status: 404, body: "no such page" });
    await expect(lost.objects.read(refOf("v1", "Secret", "ns1"))).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("creates among its kind and replaces by name", async () => {
    const { objects, asked } = wireOf({ status: 201, body: secret });
    await objects.create(secret);
    await objects.replace(secret);
    expect(asked).toMatchObject([
      { method: "POST", verb: "create", path: "/api/v1/namespaces/ns1/secrets", body: secret },
      { method: "PUT", verb: "update", path: "/api/v1/namespaces/ns1/secrets/a", body: secret },
    ]);
  });

  it.each([
    { status: 409, reason: "AlreadyExists", code: "EXISTS" },
    { status: 409, reason: "Conflict", code: "CONFLICT" },
    { status: 404, reason: "NotFound", code: "NOT_FOUND" },
    { status: 403, reason: "Forbidden", code: "FORBIDDEN" },
    { status: 503, reason: "", code: "UNAVAILABLE" },
  ])("fails with $code when the answer is $status $reason", async ({ status, reason, code }) => {
    const { objects } = wireOf({ status, body: statusOf(reason) });
    await expect(objects.create(secret)).rejects.toMatchObject({ code });
  });

  it("asks for no kind that it does not know", async () => {
    const { objects, asked } = wireOf({ status: 200, body: secret });
    await expect(objects.read(refOf("v1", "Nonsense"))).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    expect(asked).toEqual([]);
  });
});
