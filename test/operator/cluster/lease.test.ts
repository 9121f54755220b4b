import { beforeEach, describe, expect, it } from "@jest/globals";
import { ClusterError } from "../../../operator/cluster/cluster.ts";
import { defaultLeaseTimes, type LeaseStore, makeLease } from "../../../operator/cluster/lease.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { type ManualClock, makeManualClock, settle } from "./manual-clock.ts";

/** One Lease, as a server keeps it. */
const makeLeaseMemory = () => {
  let lease: KubernetesObject | undefined;
  let version = 0;
  let isDown = false;
  const answer = (): void => {
    if (isDown) throw new ClusterError("UNAVAILABLE", "reach the lease", "down");
  };
  const keep = (object: KubernetesObject): KubernetesObject => {
    version += 1;
    lease = { ...object, metadata: { ...object.metadata, resourceVersion: `${version}` } };
    return lease;
  };
  const store: LeaseStore = {
    read: async () => {
      answer();
      return lease;
    },
    create: async (object) => {
      answer();
      if (lease !== undefined) throw new ClusterError("EXISTS", "create", "it is there");
      return keep(object);
    },
    replace: async (object) => {
      answer();
      if (object.metadata.resourceVersion !== `${version}`)
        throw new ClusterError("CONFLICT", "replace", "it has changed");
      return keep(object);
    },
  };
  return {
    store,
    spec: () => lease?.["spec"],
    take: () => {
      lease = undefined;
    },
    fall: (down: boolean) => {
      isDown = down;
    },
  };
};

/** What a promise has come to, "pending" as long as nothing. */
const outcomeOf = <T>(promise: Promise<T>): { value: T | "pending" } => {
  const outcome: { value: T | "pending" } = { value: "pending" };
  promise.then(
    (value) => {
      outcome.value = value;
    },
    () => {},
  );
  return outcome;
};

describe("makeLease", () => {
  let clock: ManualClock;
  let memory: ReturnType<typeof makeLeaseMemory>;
  let failures: unknown[];
  let ending: AbortController;
  beforeEach(() => {
    clock = makeManualClock();
    memory = makeLeaseMemory();
    failures = [];
    ending = new AbortController();
  });
  const leaseOf = (identity: string, store = memory.store) =>
    makeLease({
      ...{ namespace: "ns1", name: "leader", identity, store, clock },
      times: defaultLeaseTimes,
      failed: (error) => failures.push(error),
    });

  it("takes a lease that is not there, and says whose it is", async () => {
    expect(await leaseOf("a").acquire(ending.signal)).toBe(true);
    expect(memory.spec()).toEqual({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      acquireTime: "1970-01-01T00:16:40.000000Z",
      renewTime: "1970-01-01T00:16:40.000000Z",
      leaseTransitions: 0,
    });
  });

  it("lets one of two have it, and the other when it is released", async () => {
    const [a, b] = [leaseOf("a"), leaseOf("b")];
    expect(await a.acquire(ending.signal)).toBe(true);
    const second = outcomeOf(b.acquire(ending.signal));
    await clock.pass(5_000);
    expect(second.value).toBe("pending");
    await a.release();
    await clock.pass(2_400);
    expect(second.value).toBe(true);
    expect(memory.spec()).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    expect(failures).toEqual([]);
  });

  it("takes over from a holder that has not renewed for the duration", async () => {
    await leaseOf("dead").acquire(ending.signal);
    const second = outcomeOf(leaseOf("b").acquire(ending.signal));
    await clock.pass(14_000);
    expect(second.value).toBe("pending");
    await clock.pass(4_000);
    expect(second.value).toBe(true);
  });

  it("leaves alone a holder that renews", async () => {
    const a = leaseOf("a");
    await a.acquire(ending.signal);
    const kept = outcomeOf(a.keep(ending.signal));
    const second = outcomeOf(leaseOf("b").acquire(ending.signal));
    await clock.pass(120_000);
    expect([kept.value, second.value]).toEqual(["pending", "pending"]);
    ending.abort();
    await settle();
    expect([kept.value, second.value]).toEqual(["aborted", false]);
    expect(memory.spec()).toMatchObject({ leaseTransitions: 0 });
  });

  it("is lost when the server does not answer for the renew deadline, and not before", async () => {
    const a = leaseOf("a");
    await a.acquire(ending.signal);
    const kept = outcomeOf(a.keep(ending.signal));
    await clock.pass(3_000);
    memory.fall(true);
    await clock.pass(8_000);
    expect(kept.value).toBe("pending");
    await clock.pass(2_000);
    expect(kept.value).toBe("lost");
    expect(failures.length).toBeGreaterThan(0);
  });

  it("is lost in time when an answer does not come at all", async () => {
    const a = leaseOf("a", {
      ...memory.store,
      replace: () => new Promise(() => {}),
    });
    await a.acquire(ending.signal);
    const kept = outcomeOf(a.keep(ending.signal));
    await clock.pass(9_900);
    expect(kept.value).toBe("pending");
    await clock.pass(200);
    expect(kept.value).toBe("lost");
  });

  it("is fresh while it is renewed, and not once somebody else may have it", async () => {
    const a = leaseOf("a");
    expect(a.isFresh()).toBe(false);
    await a.acquire(ending.signal);
    const kept = outcomeOf(a.keep(ending.signal));
    await clock.pass(30_000);
    expect(a.isFresh()).toBe(true);
    memory.fall(true);
    await clock.pass(9_000);
    expect([a.isFresh(), kept.value]).toEqual([true, "pending"]);
    await clock.pass(3_000);
    expect([a.isFresh(), kept.value]).toEqual([false, "lost"]);
  });

  it("is not fresh after it is released", async () => {
    const a = leaseOf("a");
    await a.acquire(ending.signal);
    expect(a.isFresh()).toBe(true);
    await a.release();
    expect(a.isFresh()).toBe(false);
  });

  it("survives a server that is away for a moment", async () => {
    const a = leaseOf("a");
    await a.acquire(ending.signal);
    const kept = outcomeOf(a.keep(ending.signal));
    memory.fall(true);
    await clock.pass(7_000);
    memory.fall(false);
    await clock.pass(30_000);
    expect(kept.value).toBe("pending");
  });

  it("is lost when somebody else holds it", async () => {
    const a = leaseOf("a");
    await a.acquire(ending.signal);
    const kept = outcomeOf(a.keep(ending.signal));
    memory.take();
    await leaseOf("b").acquire(ending.signal);
    await clock.pass(2_000);
    expect(kept.value).toBe("lost");
    await a.release();
    expect(memory.spec()).toMatchObject({ holderIdentity: "b" });
  });

  it("goes to one of two that try at once", async () => {
    const outcomes = [leaseOf("a"), leaseOf("b")].map((one) =>
      outcomeOf(one.acquire(ending.signal)),
    );
    await clock.pass(6_000);
    expect(outcomes.map(({ value }) => value).sort()).toEqual(["pending", true]);
    expect(failures).toEqual([]);
  });

  it("releases in peace while the server is away", async () => {
    const a = leaseOf("a");
    await a.acquire(ending.signal);
    memory.fall(true);
    await a.release();
    expect(failures).toHaveLength(1);
    await a.release();
    expect(failures).toHaveLength(1);
  });
});
