/** Single requests about single objects, in the words of the Kubernetes API. */
import { isPlain } from "../../api/shape/plain.ts";
import { type KubernetesObject, nameOf, type Ref, refOf } from "../render/object.ts";
import { ClusterError } from "./cluster.ts";
import { type Answer, failureOf } from "./failure.ts";
import { type Kind, kindOf, pathOf, resourceOf } from "./kinds.ts";
import type { Ask, Wire } from "./wire.ts";

/** What a request is about, and what is said of it when it fails. */
export type Target = { readonly ref: Ref; readonly kind: Kind; readonly attempted: string };

/** Source: Kubernetes API concepts, "Patch" (JSON is YAML). */
const applyType = "application/apply-patch+yaml";
const jsonPatchType = "application/json-patch+json";

export type PatchOptions = { readonly subresource?: string; readonly fieldManager?: string };

/** All but `remove` throw a `ClusterError` for what the server refuses. */
export type Verbs = {
  /** Undefined where there is none; a kind that is not served is an error. */
  read(ref: Ref): Promise<KubernetesObject | undefined>;
  /** The object as it is now, if it still is the one that was seen; CONFLICT if it is not. */
  readSame(attempt: string, seen: KubernetesObject): Promise<KubernetesObject>;
  /** Server-side apply, by force. */
  apply(attempt: string, by: string, object: KubernetesObject): Promise<KubernetesObject>;
  replace(target: Target, by: string, object: KubernetesObject): Promise<KubernetesObject>;
  /** A JSON patch of this very version: of any other it is a conflict. */
  patch(
    target: Target,
    at: KubernetesObject,
    operations: readonly object[],
    options?: PatchOptions,
  ): Promise<KubernetesObject>;
  remove(target: Target, options: object): Promise<Answer>;
};

/** @throws {ClusterError} NOT_FOUND for a kind that the operator has no business with. */
export const targetOf = (attempt: string, ref: Ref): Target => {
  const kind = kindOf(ref);
  const attempted = `${attempt} ${nameOf(ref)}`;
  if (kind !== undefined) return { ref, kind, attempted };
  throw new ClusterError("NOT_FOUND", attempted, `${ref.apiVersion} has no kind known here`);
};

export const refusalOf = ({ attempted, kind }: Target, answer: Answer): ClusterError =>
  failureOf(attempted, answer, resourceOf(kind));

export const isStatus = (body: unknown): boolean =>
  isPlain(body) && "kind" in body && body.kind === "Status";

const live = (target: Target, answer: Answer): KubernetesObject => {
  if (answer.status >= 300) throw refusalOf(target, answer);
  return answer.body as KubernetesObject; // of the kind that was asked for
};

export const makeVerbs = (wire: Wire): Verbs => {
  const ask = (
    { attempted, kind, ref: { namespace, name } }: Target,
    { subresource = "", ...request }: Pick<Ask, "verb" | "method"> & Partial<Ask> & PatchOptions,
  ) =>
    wire.ask({
      ...{ attempted, kind: kind.kind, path: pathOf(kind, namespace, name, subresource) },
      ...request,
    });

  const verbs: Verbs = {
    read: async (ref) => {
      const target = targetOf("read", ref);
      const answer = await ask(target, { verb: "get", method: "GET" });
      if (answer.status === 404 && isStatus(answer.body)) return undefined;
      return live(target, answer);
    },
    readSame: async (attempt, seen) => {
      const { ref, attempted } = targetOf(attempt, refOf(seen));
      const now = await verbs.read(ref);
      if (now === undefined) throw new ClusterError("NOT_FOUND", attempted, "it is gone");
      if (now.metadata.uid === seen.metadata.uid) return now;
      throw new ClusterError("CONFLICT", attempted, "it has been made anew");
    },
    apply: async (attempt, fieldManager, body) => {
      const target = targetOf(attempt, refOf(body));
      const query = { fieldManager, force: "true" };
      const request = { verb: "patch", method: "PATCH", query, body } as const;
      return live(target, await ask(target, { ...request, contentType: applyType }));
    },
    replace: async (target, fieldManager, body) => {
      const request = { verb: "update", method: "PUT", query: { fieldManager }, body } as const;
      return live(target, await ask(target, request));
    },
    patch: async (target, at, operations, { subresource = "", fieldManager } = {}) => {
      const version = at.metadata.resourceVersion;
      const sameVersion = { op: "replace", path: "/metadata/resourceVersion", value: version };
      const request = {
        ...({ verb: "patch", method: "PATCH", contentType: jsonPatchType, subresource } as const),
        body: [sameVersion, ...operations],
        query: fieldManager === undefined ? {} : { fieldManager },
      };
      return live(target, await ask(target, request));
    },
    remove: (target, options) =>
      ask(target, {
        ...({ verb: "delete", method: "DELETE" } as const),
        body: { apiVersion: "v1", kind: "DeleteOptions", ...options },
      }),
  };
  return verbs;
};
