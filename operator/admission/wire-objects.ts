/** Single objects of an API server, by name. Source: Kubernetes API concepts, "Resource URIs". */
import { ClusterError } from "../cluster/cluster.ts";
import { type Answer, failureOf, statusOf } from "../cluster/failure.ts";
import { type Kind, kindOf, pathOf, resourceOf } from "../cluster/kinds.ts";
import type { Ask, Wire } from "../cluster/wire.ts";
import { type KubernetesObject, nameOf, type Ref, refOf } from "../render/object.ts";
import type { Objects } from "./objects.ts";

/** Kinds that the operator meets here alone. */
const kinds: readonly Kind[] = [
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    plural: "validatingwebhookconfigurations",
    isClusterWide: true,
  },
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    isClusterWide: true,
  },
];

export const makeWireObjects = (wire: Wire): Objects => {
  const ask = async (
    { verb, method }: Pick<Ask, "verb" | "method">,
    ref: Ref,
    body?: KubernetesObject,
  ): Promise<Answer | undefined> => {
    const attempted = `${verb} ${nameOf(ref)}`;
    const kind = kinds.find((one) => one.kind === ref.kind) ?? kindOf(ref);
    if (kind === undefined) throw new ClusterError("NOT_FOUND", attempted, "it is unknown here");
    const name = method === "POST" ? "" : ref.name;
    const path = pathOf(kind, ref.namespace, name);
    const answer = await wire.ask({ attempted, verb, kind: kind.kind, method, path, body });
    if (answer.status < 300) return answer;
    if (method === "GET" && statusOf(answer.body).reason === "NotFound") return undefined;
    throw failureOf(attempted, answer, resourceOf(kind));
  };
  return {
    // The API server answers with an object of the kind that was asked for.
    read: async (ref) =>
      (await ask({ verb: "get", method: "GET" }, ref))?.body as KubernetesObject | undefined,
    create: async (object) => {
      await ask({ verb: "create", method: "POST" }, refOf(object), object);
    },
    replace: async (object) => {
      await ask({ verb: "update", method: "PUT" }, refOf(object), object);
    },
  };
};
