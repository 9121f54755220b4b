/**
 * A cluster behind an API server: caches kept by watches, and writes that the caches show at once.
 *
 * What comes in: what the operator asks through `Cluster`. What goes out: HTTP through a `Wire`,
 * and a call for every SeldonDeployment that has to be looked at.
 */
import type { KubernetesObject, Ref } from "../render/object.ts";
import { type CachesOptions, makeCaches } from "./caches.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Cluster, ClusterError, type ClusterEvent } from "./cluster.ts";
import { failureOf } from "./failure.ts";
import { idOf, kindOf, pathOf, resourceOf } from "./kinds.ts";
import { type Lease, type LeaseTimes, makeLease } from "./lease.ts";
import { makeLeaseStore } from "./lease-store.ts";
import { manager } from "./marks.ts";
import { itemsOf } from "./page.ts";
import { makeTeller } from "./teller.ts";
import { makeVerbs } from "./verbs.ts";
import { makeWatches, type WatchNews } from "./watches.ts";
import type { Wire } from "./wire.ts";
import { adopt, handOverReplicas, remove, report } from "./writes.ts";

/** What people who run the operator want to know. */
export type ClusterNews = WatchNews & {
  readonly eventLost: (event: ClusterEvent, error: unknown) => void;
  readonly leaseFailed: (error: unknown) => void;
};

export type ApiServerOptions = CachesOptions & {
  /** Which of several operators this is. */
  readonly identity: string;
  readonly news?: Partial<ClusterNews>;
  readonly clock?: Clock;
};

export type ApiServer = Cluster & {
  /**
   * Starts watching, and resolves when the caches hold what there is; add-ons may be absent or
   * out of reach. Goes on until `close`.
   *
   * @throws {ClusterError} the last failure, or UNAVAILABLE, when that takes longer than this.
   */
  start(deadlineMs: number): Promise<void>;
  /** A Lease to elect a leader by. */
  lease(namespace: string, name: string, times: LeaseTimes): Lease;
  /** Ends all watches and requests, after what has been told is out. */
  close(): Promise<void>;
};

const silent: ClusterNews = {
  watchFailed: () => {},
  listed: () => {},
  served: () => {},
  eventLost: () => {},
  leaseFailed: () => {},
};

/** How long the end waits for what has been told. */
const lastWordsMs = 2_000;

type Parts = {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly caches: ReturnType<typeof makeCaches>;
  readonly watches: ReturnType<typeof makeWatches>;
  readonly tell: (event: ClusterEvent) => void;
};

const makeCluster = ({ wire, clock, caches, watches, tell }: Parts): Cluster => {
  const verbs = makeVerbs(wire);
  const cacheOf = (object: KubernetesObject) => caches.byKind.get(idOf(object));
  const noted = (object: KubernetesObject): KubernetesObject => {
    cacheOf(object)?.note(object);
    return object;
  };
  return {
    serves: (asked) => {
      const kind = kindOf(asked);
      return kind !== undefined && watches.isServed(kind);
    },
    read: verbs.read,
    list: (asked, labels) => list(wire, asked, labels),
    deployment: caches.deployments.get,
    deployments: caches.deployments.all,
    namespace: (name) => caches.inNamespaces.get("", name),
    owned: caches.controlledBy,
    apply: async (object) => noted(await verbs.apply("apply", manager, object)),
    adopt: async (seen, object) => noted(await adopt(verbs, clock, seen, object)),
    handOverReplicas: (seen) => handOverReplicas(verbs, seen),
    remove: async (object, dependents = "foreground") => {
      const left = await remove(verbs, object, dependents);
      if (left === undefined) cacheOf(object)?.bury(object);
      else noted(left);
    },
    report: async (deployment, status) => {
      noted(await report(verbs, deployment, status));
    },
    tell,
  };
};

export const makeApiServer = (wire: Wire, options: ApiServerOptions): ApiServer => {
  const { clock = systemClock, identity } = options;
  const news: ClusterNews = { ...silent, ...options.news };
  const teller = makeTeller({ wire, clock, instance: identity, lost: news.eventLost });
  const caches = makeCaches(options);
  const watches = makeWatches({ wire, clock, caches, news });
  let lease: Lease | undefined;
  const fenced = fence(wire, () => lease?.isFresh() ?? true);
  return {
    ...makeCluster({ wire: fenced, clock, caches, watches, tell: teller.tell }),
    start: watches.start,
    lease: (namespace, name, times) => {
      lease = makeLease({
        ...{ namespace, name, times, clock, identity },
        store: makeLeaseStore(wire, namespace, name),
        failed: news.leaseFailed,
      });
      return lease;
    },
    close: async () => {
      const done = new AbortController();
      await Promise.race([teller.idle(), clock.wait(lastWordsMs, done.signal)]);
      done.abort();
      await watches.end();
      wire.close();
    },
  };
};

/** Lets nothing be changed while somebody else may have the lease. */
const fence = (wire: Wire, mayWrite: () => boolean): Wire => ({
  ...wire,
  ask: (ask) =>
    wire.ask({
      ...ask,
      guard: () => {
        if (ask.method === "GET" || mayWrite()) return;
        throw new ClusterError("UNAVAILABLE", ask.attempted, "the lease may be another's by now");
      },
    }),
});

const list = async (
  wire: Wire,
  asked: Pick<Ref, "apiVersion" | "kind" | "namespace">,
  labels: Readonly<Record<string, string>>,
): Promise<readonly KubernetesObject[]> => {
  const attempted = `list ${asked.kind}s in ${asked.namespace}`;
  const kind = kindOf(asked);
  if (kind === undefined) throw new ClusterError("NOT_FOUND", attempted, "the kind is not known");
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const answer = await wire.ask({
    attempted,
    verb: "list",
    kind: kind.kind,
    method: "GET",
    path: pathOf(kind, asked.namespace),
    query: labelSelector === "" ? {} : { labelSelector },
  });
  if (answer.status === 200) return itemsOf(answer.body, kind);
  throw failureOf(attempted, answer, resourceOf(kind));
};
