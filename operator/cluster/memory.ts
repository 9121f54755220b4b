/**
 * A cluster in memory: server-side apply with an owner for every field, generations, resource
 * versions, uids, garbage collection, conflicts and watches, as far as the operator can tell.
 *
 * What comes in: what the operator asks through `Cluster`, and what a test does to the world.
 * What goes out: the live objects, and a call for every SeldonDeployment that has to be looked at.
 */
import { type KubernetesObject, type Ref, refOf } from "../render/object.ts";
import type { Changed, Cluster, ClusterErrorCode, ClusterEvent } from "./cluster.ts";
import { manager } from "./marks.ts";
import { makeStore, type Store } from "./memory/store.ts";
import { adoptIn, applyTo, handOverIn, putBy, refused, same } from "./memory/write.ts";
import { controllerOf, deploymentKind } from "./owner.ts";

/** What can be made to fail: the asynchronous verbs of `Cluster`. */
export type MemoryVerb =
  | "read"
  | "list"
  | "apply"
  | "adopt"
  | "handOverReplicas"
  | "remove"
  | "report";

/** A request as it arrived, before it failed or not. */
export type MemoryRequest = { readonly verb: MemoryVerb; readonly ref: Ref };

export type Memory = Cluster & {
  /** Somebody else creates an object or puts one in the place of another. */
  put(object: KubernetesObject, by?: string): KubernetesObject;
  /** Somebody else, or a controller, reports on an object. */
  setStatus(ref: Ref, status: object): KubernetesObject;
  /** The Deployment's controller reports that all pods of its generation are ready. */
  settle(ref: Ref, ready?: number): KubernetesObject;
  /** Somebody else deletes an object; what it owns goes with it. */
  take(ref: Ref): void;
  get(ref: Ref): KubernetesObject | undefined;
  all(): readonly KubernetesObject[];
  /** Installs or takes away a kind, as its CRD does. */
  serve(kind: string, isServed: boolean): void;
  /** From now on, requests of which `which` is true fail; call the answer to end that. */
  fail(which: (request: MemoryRequest) => boolean, code: ClusterErrorCode): () => void;
  /** Everything asked so far, in order. */
  readonly requests: readonly MemoryRequest[];
  /** Everything told so far, in order. */
  readonly events: readonly ClusterEvent[];
};

type Failure = {
  readonly which: (request: MemoryRequest) => boolean;
  readonly code: ClusterErrorCode;
};

const settled = (live: KubernetesObject, ready: number | undefined): object => {
  // A Deployment has a spec, and its replicas are defaulted.
  const { replicas } = live["spec"] as { readonly replicas: number };
  const count = ready ?? replicas;
  return {
    observedGeneration: live.metadata.generation,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: count,
    availableReplicas: count,
    ...(count < replicas ? { unavailableReplicas: replicas - count } : {}),
    conditions: [
      {
        type: "Available",
        status: count >= replicas ? "True" : "False",
        reason: count >= replicas ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        message: "Deployment has minimum availability.",
      },
      { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable", message: "" },
    ],
  };
};

const carries = (object: KubernetesObject, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(labels).every(([key, value]) => object.metadata.labels?.[key] === value);

type Gate = {
  /** Every request passes here, and fails here. */
  readonly arrive: (verb: MemoryVerb, ref: Ref) => void;
  readonly isServed: (kind: string) => boolean;
  readonly tell: (event: ClusterEvent) => void;
};

const isDeployment = ({ kind }: KubernetesObject): boolean => kind === deploymentKind.kind;

const refuseEnding = (store: Store, ref: Ref): void => {
  const namespace = store.get(namespaceRef(ref.namespace));
  if (namespace?.metadata.deletionTimestamp !== undefined && store.get(ref) === undefined)
    throw refused("NAMESPACE_TERMINATING", "apply", ref, "its namespace is being deleted");
};

const makeCluster = (store: Store, { arrive, isServed, tell }: Gate): Cluster => ({
  serves: ({ kind }) => isServed(kind),
  read: async (ref) => {
    arrive("read", ref);
    return store.get(ref);
  },
  list: async (kind, labels) => {
    arrive("list", { ...kind, name: "" });
    return store
      .all()
      .filter((one) => one.kind === kind.kind && one.metadata.namespace === kind.namespace)
      .filter((one) => carries(one, labels));
  },
  deployment: (namespace, name) => store.get({ ...deploymentKind, namespace, name }),
  deployments: () => store.all().filter(isDeployment),
  namespace: (name) => store.get(namespaceRef(name)),
  owned: (uid) => store.all().filter((one) => controllerOf(one)?.uid === uid),
  apply: async (object) => {
    arrive("apply", refOf(object));
    refuseEnding(store, refOf(object));
    return applyTo(store, object, manager);
  },
  adopt: async (seen, object) => {
    arrive("adopt", refOf(object));
    return adoptIn(store, seen, object);
  },
  handOverReplicas: async (seen) => {
    arrive("handOverReplicas", refOf(seen));
    handOverIn(store, seen);
  },
  remove: async (object, dependents = "foreground") => {
    arrive("remove", refOf(object));
    const live = store.get(refOf(object));
    if (live !== undefined && live.metadata.uid === object.metadata.uid)
      store.take(live, dependents === "orphan");
  },
  report: async (deployment, status) => {
    const ref = refOf(deployment);
    arrive("report", ref);
    const live = same(store, "report on", deployment);
    if (live.metadata.generation !== deployment.metadata.generation)
      throw refused("CONFLICT", "report on", ref, "it has been edited");
    store.write({ ...live, status });
  },
  tell,
});

/** Tells of every SeldonDeployment that a change of an object concerns. */
const makeNote =
  (changed: Changed, lookAgain: (namespace: string) => void) =>
  (object: KubernetesObject): void => {
    const namespace = object.metadata.namespace ?? "";
    const owner = controllerOf(object);
    if (isDeployment(object)) changed(namespace, object.metadata.name);
    else if (owner !== undefined) changed(namespace, owner.name);
    else if (object.kind === "Namespace") lookAgain(object.metadata.name);
  };

/** `changed` is called at once, within the write that makes the change. */
export const makeMemory = (changed: Changed = () => {}): Memory => {
  const requests: MemoryRequest[] = [];
  const events: ClusterEvent[] = [];
  const failures = new Set<Failure>();
  const absent = new Set<string>();

  const lookAgain = (namespace?: string): void => {
    for (const { metadata } of store.all().filter(isDeployment))
      if (namespace === undefined || metadata.namespace === namespace)
        changed(metadata.namespace ?? "", metadata.name);
  };
  const store = makeStore(makeNote(changed, lookAgain));
  const arrive = (verb: MemoryVerb, ref: Ref): void => {
    const request = { verb, ref };
    requests.push(request);
    for (const { which, code } of failures)
      if (which(request)) throw refused(code, verb, ref, "this was to fail");
    if (absent.has(ref.kind)) throw refused("NOT_FOUND", verb, ref, "the kind is not served");
  };
  const isServed = (kind: string): boolean => !absent.has(kind);
  const tell = (event: ClusterEvent): void => {
    events.push(event);
  };

  return {
    ...makeCluster(store, { arrive, isServed, tell }),
    requests,
    events,
    put: (object, by = "somebody") => putBy(store, object, by),
    setStatus: (ref, status) => store.write({ ...there(store, ref), status }),
    settle: (ref, ready) => {
      const live = there(store, ref);
      return store.write({ ...live, status: settled(live, ready) });
    },
    take: (ref) => store.take(there(store, ref), false),
    get: store.get,
    all: store.all,
    serve: (kind, served) => {
      if (served) absent.delete(kind);
      else absent.add(kind);
      lookAgain();
    },
    fail: (which, code) => {
      const failure = { which, code };
      failures.add(failure);
      return () => {
        failures.delete(failure);
      };
    },
  };
};

const namespaceRef = (name: string): Ref => ({
  apiVersion: "v1",
  kind: "Namespace",
  namespace: "",
  name,
});

const there = (store: Store, ref: Ref): KubernetesObject => {
  const live = store.get(ref);
  if (live === undefined) throw refused("NOT_FOUND", "change", ref, "it is not there");
  return live;
};
