/**
 * Leader election by a Lease: one operator at a time changes the cluster, the others stand by.
 *
 * A holder is left alone until its lease has not been renewed for as long as it says, measured by
 * our own clock from when we saw the last renewal. Writes carry the version that was read, so of
 * two that take it at once one is refused.
 *
 * Source: Kubernetes, client-go tools/leaderelection; operator contract, 9.1.
 */
import type { KubernetesObject } from "../render/object.ts";
import type { Clock } from "./clock.ts";
import { ClusterError } from "./cluster.ts";

/** Where the Lease is kept; writes are refused with CONFLICT or EXISTS when others were faster. */
export type LeaseStore = {
  read(): Promise<KubernetesObject | undefined>;
  create(object: KubernetesObject): Promise<KubernetesObject>;
  replace(object: KubernetesObject): Promise<KubernetesObject>;
};

export type LeaseTimes = {
  /** How long others leave a holder alone that does not renew. */
  readonly durationMs: number;
  /** How long a holder goes on without having renewed. Shorter than the duration. */
  readonly renewDeadlineMs: number;
  /** Between two tries. */
  readonly retryMs: number;
};

/** Source: operator contract, 9.1 (the chart's 15/10/2). */
export const defaultLeaseTimes: LeaseTimes = {
  durationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryMs: 2_000,
};

export type LeaseOptions = {
  readonly namespace: string;
  readonly name: string;
  /** Unlike that of any other operator, also of one that ran in the same pod before. */
  readonly identity: string;
  readonly times: LeaseTimes;
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** A try that failed; the next one comes. */
  readonly failed: (error: unknown) => void;
};

/** Source: Kubernetes API reference, LeaseSpec (coordination.k8s.io/v1). */
type LeaseSpec = {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
};

// The API server checks what is in a Lease.
const specOf = (lease: KubernetesObject): LeaseSpec => (lease["spec"] ?? {}) as LeaseSpec;

/** Source: Kubernetes API conventions, MicroTime. */
const microTime = (ms: number): string => new Date(ms).toISOString().replace("Z", "000Z");

export type Lease = {
  /**
   * Whether it is ours for certain: renewed so lately that nobody else can have taken it. A process
   * that was frozen finds out here, before its timers tell it.
   */
  isFresh(): boolean;
  /** Resolves true when we hold it, false when the signal aborts before. */
  acquire(signal: AbortSignal): Promise<boolean>;
  /** Renews while we hold it. Resolves when it is lost, or when the signal aborts. */
  keep(signal: AbortSignal): Promise<"lost" | "aborted">;
  /** Lets go, so that another need not wait; does nothing when we hold nothing. Never rejects. */
  release(): Promise<void>;
};

const isRace = (error: unknown): boolean =>
  error instanceof ClusterError && (error.code === "CONFLICT" || error.code === "EXISTS");

/** What a holder writes over what is there. */
const claimed = (before: LeaseSpec, identity: string, times: LeaseTimes, at: string): LeaseSpec => {
  const isMine = before.holderIdentity === identity;
  const isFirst = before.holderIdentity === undefined;
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: Math.max(1, Math.ceil(times.durationMs / 1_000)),
    acquireTime: isMine ? (before.acquireTime ?? at) : at,
    renewTime: at,
    leaseTransitions: (before.leaseTransitions ?? 0) + (isMine || isFirst ? 0 : 1),
  };
};

/** One try after the other to take or to renew, and the last one's Lease. */
const makeTries = (options: LeaseOptions) => {
  const { namespace, name, identity, times, store, clock, failed } = options;
  /** The lease as last seen, and when it was first seen so. */
  let seen: { readonly version: string; readonly atMs: number } | undefined;
  let held: KubernetesObject | undefined;

  const isTaken = (lease: KubernetesObject): boolean => {
    const version = lease.metadata.resourceVersion ?? "";
    const now = clock.elapsed();
    const atMs = seen?.version === version ? seen.atMs : now;
    seen = { version, atMs };
    const { holderIdentity = "", leaseDurationSeconds } = specOf(lease);
    if (holderIdentity === "" || holderIdentity === identity) return false;
    return atMs + (leaseDurationSeconds ?? times.durationMs / 1_000) * 1_000 > now;
  };
  const written = (before: LeaseSpec): LeaseSpec =>
    claimed(before, identity, times, microTime(clock.now()));

  /** Takes or renews what is free or ours. */
  const attempt = async (): Promise<boolean> => {
    const lease = await store.read();
    if (lease === undefined) {
      const known = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
      held = await store.create({ ...known, metadata: { name, namespace }, spec: written({}) });
      return true;
    }
    if (isTaken(lease)) return false;
    held = await store.replace({ ...lease, spec: written(specOf(lease)) });
    return true;
  };

  return {
    /** Undefined: nobody knows, the server did not answer. Never rejects. */
    next: async (): Promise<boolean | undefined> => {
      try {
        return await attempt();
      } catch (error) {
        if (!isRace(error)) failed(error); // of two at once the other was first: the next read tells
        return undefined;
      }
    },
    held: (): KubernetesObject | undefined => held,
    letGo: (): void => {
      held = undefined;
    },
  };
};

export const makeLease = (options: LeaseOptions): Lease => {
  const { times, store, clock, failed } = options;
  const tries = makeTries(options);
  /** When the last try began that succeeded. */
  let renewedMs = Number.NEGATIVE_INFINITY;
  const isLate = (): boolean => clock.elapsed() - renewedMs >= times.renewDeadlineMs;

  /** A try that takes no longer than this: an answer that comes later is too late to go by. */
  const within = async (ms: number): Promise<boolean | undefined> => {
    const done = new AbortController();
    const late = clock.wait(ms, done.signal).then(() => undefined);
    try {
      return await Promise.race([tries.next(), late]);
    } finally {
      done.abort();
    }
  };

  return {
    isFresh: () => tries.held() !== undefined && !isLate(),
    acquire: async (signal) => {
      while (!signal.aborted) {
        const fromMs = clock.elapsed();
        if ((await tries.next()) === true) {
          renewedMs = fromMs;
          return true;
        }
        // Not in step with the others.
        await clock.wait(times.retryMs * (1 + Math.random() * 0.2), signal);
      }
      return false;
    },
    keep: async (signal) => {
      for (;;) {
        await clock.wait(times.retryMs, signal);
        if (signal.aborted) return "aborted";
        const fromMs = clock.elapsed();
        const answer = await within(renewedMs + times.renewDeadlineMs - fromMs);
        if (answer === true) renewedMs = fromMs;
        if (answer === false || isLate()) {
          tries.letGo();
          return "lost";
        }
      }
    },
    release: async () => {
      const mine = tries.held();
      tries.letGo();
      if (mine === undefined) return;
      const now = microTime(clock.now());
      const free = {
        holderIdentity: "",
        leaseDurationSeconds: 1,
        renewTime: now,
        acquireTime: now,
      };
      try {
        await store.replace({ ...mine, spec: { ...specOf(mine), ...free } });
      } catch (error) {
        if (!isRace(error)) failed(error); // it runs out by itself
      }
    },
  };
};
