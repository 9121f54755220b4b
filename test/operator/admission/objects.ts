/** A few objects in memory, with the resourceVersions and the refusals of an API server. */

import type { Objects } from "../../../operator/admission/objects.ts";
import { ClusterError, type ClusterErrorCode } from "../../../operator/cluster/cluster.ts";
import { type KubernetesObject, keyOf, nameOf, refOf } from "../../../operator/render/object.ts";

type Verb = "read" | "create" | "replace";

export type MemoryObjects = Objects & {
  /** What is there, by kind. */
  find(kind: string): KubernetesObject | undefined;
  put(object: KubernetesObject): void;
  remove(kind: string): void;
  /** `create Secret`, in the order of the writes that were taken. */
  readonly writes: string[];
  /** From now on a verb on a kind fails so; undefined: it works. */
  fail(verb: Verb, kind: string, code: ClusterErrorCode | undefined): void;
  /** Runs once, before the next write. */
  beforeWrite(run: () => void): void;
};

/** As it would come over the wire. */
const copy = <T>(value: T): T => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

export const makeObjects = (): MemoryObjects => {
  const held = new Map<string, KubernetesObject>();
  const failures = new Map<string, ClusterErrorCode>();
  const writes: string[] = [];
  let version = 0;
  let before: () => void = () => {};

  const put = (object: KubernetesObject): void => {
    version += 1;
    const metadata = { uid: `uid-${version}`, ...object.metadata, resourceVersion: `${version}` };
    held.set(keyOf(refOf(object)), copy({ ...object, metadata }));
  };
  const check = (verb: Verb, kind: string): void => {
    const code = failures.get(`${verb} ${kind}`);
    if (code !== undefined) throw new ClusterError(code, `${verb} ${kind}`, "induced");
    if (verb === "read") return;
    const run = before;
    before = () => {};
    run();
  };
  const find = (kind: string) => [...held.values()].find((object) => object.kind === kind);
  return {
    writes,
    find,
    put,
    remove: (kind) => {
      for (const [key, object] of held) if (object.kind === kind) held.delete(key);
    },
    fail: (verb, kind, code) => {
      if (code === undefined) failures.delete(`${verb} ${kind}`);
      else failures.set(`${verb} ${kind}`, code);
    },
    beforeWrite: (run) => {
      before = run;
    },
    read: async (ref) => {
      check("read", ref.kind);
      return copy(held.get(keyOf(ref)));
    },
    create: async (object) => {
      check("create", object.kind);
      const name = nameOf(refOf(object));
      if (held.has(keyOf(refOf(object)))) throw new ClusterError("EXISTS", `create ${name}`, "");
      put(object);
      writes.push(`create ${object.kind}`);
    },
    replace: async (object) => {
      check("replace", object.kind);
      const name = nameOf(refOf(object));
      const live = held.get(keyOf(refOf(object)));
      if (live === undefined) throw new ClusterError("NOT_FOUND", `replace ${name}`, "");
      if (live.metadata.resourceVersion !== object.metadata.resourceVersion) {
        throw new ClusterError("CONFLICT", `replace ${name}`, "");
      }
      put(object);
      writes.push(`replace ${object.kind}`);
    },
  };
};
