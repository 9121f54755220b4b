/** A Lease behind an API server. Its requests wait for nothing: being late would cost the lead. */
import type { KubernetesObject } from "../render/object.ts";
import { failureOf } from "./failure.ts";
import { pathOf, resourceOf } from "./kinds.ts";
import type { LeaseStore } from "./lease.ts";
import type { Ask, Wire } from "./wire.ts";

const leases = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" };
const deadlineMs = 5_000;

export const makeLeaseStore = (wire: Wire, namespace: string, name: string): LeaseStore => {
  const ask = async (
    verb: "get" | "create" | "update",
    request: Pick<Ask, "method" | "path" | "body">,
  ): Promise<KubernetesObject | undefined> => {
    const attempted = `${verb} Lease ${namespace}/${name}`;
    const known = { attempted, verb, kind: leases.kind, deadlineMs, isUrgent: true };
    const answer = await wire.ask({ ...known, ...request });
    if (verb === "get" && answer.status === 404) return undefined;
    if (answer.status >= 300) throw failureOf(attempted, answer, resourceOf(leases));
    return answer.body as KubernetesObject; // a Lease, as asked for
  };
  const written = (object: KubernetesObject | undefined): KubernetesObject => {
    if (object !== undefined) return object;
    throw new Error("an answer to a write has a body");
  };
  const one = pathOf(leases, namespace, name);
  return {
    read: () => ask("get", { method: "GET", path: one }),
    create: async (body) =>
      written(await ask("create", { method: "POST", path: pathOf(leases, namespace), body })),
    replace: async (body) => written(await ask("update", { method: "PUT", path: one, body })),
  };
};
