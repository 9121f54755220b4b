import { Writable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { makeLog } from "../../../host/log.ts";
import { makeBundleRefresher, makeObjectsPublisher } from "../../../operator/admission/publish.ts";
import {
  configurationName,
  paths,
  type WebhookOptions,
  webhookConfiguration,
} from "../../../operator/admission/webhook-configuration.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { type MemoryObjects, makeObjects } from "./objects.ts";

const webhook: WebhookOptions = {
  namespace: "seldon-system",
  watchNamespace: "",
  controllerId: "",
  port: 4443,
};
const silent = makeLog("FATAL", new Writable({ write: (_line, _encoding, done) => done() }));
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The only webhook of a configuration. */
const webhookOf = (configuration: KubernetesObject | undefined) =>
  (configuration?.["webhooks"] as readonly Record<string, unknown>[] | undefined)?.[0];

const refresher = (objects: MemoryObjects) =>
  makeBundleRefresher({ objects, webhook, log: silent });
const publisher = (objects: MemoryObjects, options: Partial<WebhookOptions> = {}) =>
  makeObjectsPublisher({ objects, webhook: { ...webhook, ...options }, log: silent });

describe("webhookConfiguration", () => {
  it("asks as the contract says", () => {
    const configuration = webhookConfiguration(webhook, "authority");
    expect(configuration.metadata.name).toBe(
      "seldon-validating-webhook-configuration-seldon-system",
    );
    expect(webhookOf(configuration)).toMatchObject({
      name: "v1.vseldondeployment.kb.io",
      clientConfig: {
        service: {
          name: "seldon-webhook-service",
          namespace: "seldon-system",
          path: "/validate-machinelearning-seldon-io-v1-seldondeployment",
        },
        caBundle: base64("authority"),
      },
      rules: [
        {
          apiGroups: ["machinelearning.seldon.io"],
          apiVersions: ["v1"],
          operations: ["CREATE", "UPDATE"],
          resources: ["seldondeployments"],
        },
      ],
      failurePolicy: "Fail",
      sideEffects: "None",
      matchPolicy: "Equivalent",
      admissionReviewVersions: ["v1", "v1beta1"],
    });
  });

  const unlabelled = { key: "seldon.io/controller-id", operator: "DoesNotExist" };
  it.each([
    { name: "cluster-wide", charge: {}, namespaces: unlabelled, objects: unlabelled },
    {
      name: "in one namespace",
      charge: { watchNamespace: "ns1" },
      namespaces: { key: "kubernetes.io/metadata.name", operator: "In", values: ["ns1"] },
      objects: unlabelled,
    },
    {
      name: "by id",
      charge: { controllerId: "x" },
      namespaces: unlabelled,
      objects: { key: "seldon.io/controller-id", operator: "In", values: ["x"] },
    },
    {
      name: "by id in one namespace",
      charge: { watchNamespace: "ns1", controllerId: "x" },
      namespaces: { key: "kubernetes.io/metadata.name", operator: "In", values: ["ns1"] },
      objects: { key: "seldon.io/controller-id", operator: "In", values: ["x"] },
    },
  ])("asks only about what this operator reconciles: $name", ({ charge, namespaces, objects }) => {
    expect(webhookOf(webhookConfiguration({ ...webhook, ...charge }, ""))).toMatchObject({
      namespaceSelector: { matchExpressions: [namespaces] },
      objectSelector: { matchExpressions: [objects] },
    });
  });

  it("has a path for each version", () => {
    expect(paths).toEqual(
      ["v1", "v1alpha2", "v1alpha3"].map(
        (version) => `/validate-machinelearning-seldon-io-${version}-seldondeployment`,
      ),
    );
  });
});

/** A configuration as a chart installs it, with fields that we would not write so. */
const charted = (annotations: Readonly<Record<string, string>> = {}): KubernetesObject => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: {
    name: configurationName("seldon-system"),
    labels: { "app.kubernetes.io/managed-by": "Helm" },
    annotations,
  },
  webhooks: [
    { name: "v1.vseldondeployment.kb.io", clientConfig: { url: "https://a" }, timeoutSeconds: 30 },
    { name: "second", clientConfig: { url: "https://b", caBundle: "b2xk" } },
  ],
});

describe("makeBundleRefresher", () => {
  it("writes the bundle into every webhook, and nothing else, once", async () => {
    const objects = makeObjects();
    objects.put(charted());
    const refresh = refresher(objects);
    await refresh("new");
    await refresh("new");
    const caBundle = base64("new");
    expect(objects.find("ValidatingWebhookConfiguration")).toMatchObject({
      metadata: { labels: { "app.kubernetes.io/managed-by": "Helm" } },
      webhooks: [
        { clientConfig: { url: "https://a", caBundle }, timeoutSeconds: 30 },
        { clientConfig: { url: "https://b", caBundle } },
      ],
    });
    expect(objects.writes).toEqual(["replace ValidatingWebhookConfiguration"]);
  });

  it("writes what another replica has undone", async () => {
    const objects = makeObjects();
    objects.put(charted());
    const refresh = refresher(objects);
    objects.beforeWrite(() => objects.put(charted({ note: "written meanwhile" })));
    await refresh("new");
    expect(objects.find("ValidatingWebhookConfiguration")).toMatchObject({
      metadata: { annotations: { note: "written meanwhile" } },
      webhooks: [{ clientConfig: { caBundle: base64("new") } }, {}],
    });
  });

  it.each(["inject-ca-from", "inject-ca-from-secret", "inject-apiserver-ca"])(
    "leaves it to cert-manager where it says %s",
    async (name) => {
      const objects = makeObjects();
      objects.put(charted({ [`cert-manager.io/${name}`]: "ns/x" }));
      await refresher(objects)("new");
      expect(objects.writes).toEqual([]);
    },
  );

  it("makes no configuration", async () => {
    const objects = makeObjects();
    await refresher(objects)("new");
    expect(objects.writes).toEqual([]);
  });

  it("says who must be allowed to", async () => {
    const objects = makeObjects();
    objects.put(charted());
    objects.fail("replace", "ValidatingWebhookConfiguration", "FORBIDDEN");
    await expect(refresher(objects)("new")).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("makeObjectsPublisher", () => {
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "seldon-controller-manager", namespace: "seldon-system", uid: "d" },
    spec: { selector: { matchLabels: { app: "mine" } } },
  };
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "seldondeployments.machinelearning.seldon.io", uid: "c" },
  };

  it("makes Service and configuration, owned by what they serve", async () => {
    const objects = makeObjects();
    objects.put(deployment);
    objects.put(definition);
    await publisher(objects)("authority");
    expect(objects.find("Service")).toMatchObject({
      metadata: {
        name: "seldon-webhook-service",
        namespace: "seldon-system",
        ownerReferences: [{ kind: "Deployment", uid: "d" }],
      },
      spec: { selector: { app: "mine" }, ports: [{ port: 443, targetPort: 4443 }] },
    });
    expect(objects.find("ValidatingWebhookConfiguration")).toMatchObject({
      metadata: { ownerReferences: [{ kind: "CustomResourceDefinition", uid: "c" }] },
      webhooks: [{ clientConfig: { caBundle: base64("authority") } }],
    });
  });

  it.each(["FORBIDDEN", undefined] as const)("does without owners: %s", async (code) => {
    const objects = makeObjects();
    objects.fail("read", "Deployment", code);
    objects.fail("read", "CustomResourceDefinition", code);
    await publisher(objects)("authority");
    expect(objects.find("Service")).toMatchObject({
      spec: { selector: { "control-plane": "seldon-controller-manager" } },
    });
    expect(objects.find("Service")?.metadata).not.toHaveProperty("ownerReferences");
    expect(objects.find("ValidatingWebhookConfiguration")?.metadata).not.toHaveProperty(
      "ownerReferences",
    );
  });

  it("writes nothing the second time, and what differs the third", async () => {
    const objects = makeObjects();
    await publisher(objects)("authority");
    const made = objects.writes.length;
    await publisher(objects)("authority");
    expect(objects.writes.slice(made)).toEqual([]);
    await publisher(objects, { port: 9443 })("authority and another");
    expect(objects.writes.slice(made)).toEqual([
      "replace Service",
      "replace ValidatingWebhookConfiguration",
    ]);
    expect(objects.find("Service")).toMatchObject({ spec: { ports: [{ targetPort: 9443 }] } });
  });

  it("puts right what others have changed", async () => {
    const objects = makeObjects();
    objects.put(charted());
    await publisher(objects)("authority");
    const live = objects.find("ValidatingWebhookConfiguration");
    expect(live?.["webhooks"]).toEqual(webhookConfiguration(webhook, "authority")["webhooks"]);
  });

  it("keeps the authority that cert-manager injects", async () => {
    const objects = makeObjects();
    const injected = charted({ "cert-manager.io/inject-ca-from": "ns/x" });
    objects.put({ ...injected, webhooks: [{ name: "x", clientConfig: { caBundle: "b2xk" } }] });
    await publisher(objects)("authority");
    expect(webhookOf(objects.find("ValidatingWebhookConfiguration"))).toMatchObject({
      name: "v1.vseldondeployment.kb.io",
      clientConfig: { caBundle: "b2xk" },
    });
  });

  it("leaves a Service that it has not made", async () => {
    const objects = makeObjects();
    const metadata = { name: "seldon-webhook-service", namespace: "seldon-system" };
    objects.put({ apiVersion: "v1", kind: "Service", metadata, spec: {} });
    await publisher(objects)("authority");
    expect(objects.writes).toEqual(["create ValidatingWebhookConfiguration"]);
  });

  it("agrees with a replica that starts at the same time", async () => {
    const objects = makeObjects();
    await Promise.all([publisher(objects)("authority"), publisher(objects)("authority")]);
    expect(objects.writes.toSorted()).toEqual([
      "create Service",
      "create ValidatingWebhookConfiguration",
    ]);
  });

  it("fails when it may not write", async () => {
    const objects = makeObjects();
    objects.fail("create", "Service", "FORBIDDEN");
    await expect(publisher(objects)("authority")).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});
