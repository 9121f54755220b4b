import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { type BodyPool, giveBack, makeBodyPool, takeBody } from "../../runtime/body-pool.ts";

const kilobyte = 1024;
const megabyte = 1024 * kilobyte;

/** Whether two bodies share memory. */
const overlap = (one: Buffer, other: Buffer): boolean =>
  one.buffer === other.buffer &&
  one.byteOffset < other.byteOffset + other.length &&
  other.byteOffset < one.byteOffset + one.length;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe("makeBodyPool", () => {
  it.each([
    0, 1, 16_384, 16_385, 32_768, 32_769, 102_400, 65_536, 8_388_608, 8_388_609, 20_000_000,
  ])("lends exactly %i bytes", (bytes) => {
    expect(makeBodyPool().take(bytes)).toHaveLength(bytes);
  });

  it.each([
    { name: "small", bytes: 16_384, pooled: false },
    { name: "over 16 KB", bytes: 16_385, pooled: true },
    { name: "of 8 MB", bytes: 8 * megabyte, pooled: true },
    { name: "over 8 MB", bytes: 8 * megabyte + 1, pooled: false },
  ])("keeps the memory of a body that is $name: $pooled", ({ bytes, pooled }) => {
    const pool = makeBodyPool();
    pool.giveBack(pool.take(bytes));
    expect(pool.freeBytes() > 0).toBe(pooled);
  });

  it("lends again what came back last", () => {
    const pool = makeBodyPool();
    const [first, second] = [pool.take(40_000), pool.take(50_000)];
    pool.giveBack(first);
    pool.giveBack(second);
    expect(pool.take(60_000).buffer).toBe(second.buffer);
    expect(pool.take(33_000).buffer).toBe(first.buffer);
    expect(pool.freeBytes()).toBe(0);
  });

  it("takes a body back once", () => {
    const pool = makeBodyPool();
    const body = pool.take(20_000);
    pool.giveBack(body);
    pool.giveBack(body);
    expect(pool.freeBytes()).toBe(32_768);
    expect(overlap(pool.take(20_000), pool.take(20_000))).toBe(false);
  });

  it("does not take from its new owner what was given back before", () => {
    const pool = makeBodyPool();
    const old = pool.take(20_000);
    pool.giveBack(old);
    const owned = pool.take(20_000);
    expect(owned.buffer).toBe(old.buffer);
    pool.giveBack(old);
    expect(overlap(pool.take(20_000), owned)).toBe(false);
  });

  it.each([
    { name: "another pool's body", body: makeBodyPool().take(20_000) },
    { name: "a buffer", body: Buffer.alloc(32_768) },
    { name: "nothing", body: Buffer.alloc(0) },
  ])("leaves $name alone", ({ body }) => {
    const pool = makeBodyPool();
    pool.giveBack(body);
    expect(pool.freeBytes()).toBe(0);
  });

  it("leaves a part of a body alone", () => {
    const pool = makeBodyPool();
    pool.giveBack(pool.take(40_000).subarray(0, 30_000));
    expect(pool.freeBytes()).toBe(0);
  });

  it("holds no more than its limit, and drops the largest for the smaller", () => {
    const pool = makeBodyPool(2 * megabyte);
    const large = [pool.take(megabyte), pool.take(megabyte), pool.take(megabyte)];
    const small = [pool.take(20_000), pool.take(20_000)];
    for (const body of large) pool.giveBack(body);
    expect(pool.freeBytes()).toBe(2 * megabyte);
    for (const body of small) pool.giveBack(body);
    expect(pool.freeBytes()).toBe(megabyte + 65_536);
    expect(small.map(({ buffer }) => buffer)).toContain(pool.take(20_000).buffer);
    expect(pool.take(megabyte).buffer).toBe(large[2]?.buffer);
  });

  it("keeps nothing that is larger than its limit", () => {
    const pool = makeBodyPool(megabyte);
    pool.giveBack(pool.take(2 * megabyte));
    expect(pool.freeBytes()).toBe(0);
  });

  it("lets go of what was not needed, and rests when nothing is left", () => {
    const pool = makeBodyPool();
    const bodies = Array.from({ length: 4 }, () => pool.take(20_000));
    for (const body of bodies) pool.giveBack(body);
    jest.advanceTimersByTime(10_000); // there was a time with none free
    expect(pool.freeBytes()).toBe(4 * 32_768);
    pool.giveBack(pool.take(20_000)); // one is in use
    jest.advanceTimersByTime(10_000);
    expect(pool.freeBytes()).toBe(32_768);
    jest.advanceTimersByTime(10_000);
    expect(pool.freeBytes()).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("never lends memory twice, whatever is taken and given back", () => {
    const action = fc.record({
      take: fc.boolean(),
      bytes: fc.oneof(fc.integer({ min: 16_000, max: 70_000 }), fc.constant(megabyte)),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const borrower = makeBorrower(megabyte + 100_000);
        return actions.every(({ take, bytes, which }) =>
          take ? borrower.take(bytes) : borrower.giveBack(which),
        );
      }),
      { seed: 20_261_122, numRuns: 300 },
    );
  });
});

/** Takes and gives back, long given back ones again too; answers whether all is well. */
const makeBorrower = (limitBytes: number) => {
  const pool: BodyPool = makeBodyPool(limitBytes);
  const owned: Buffer[] = [];
  const past: Buffer[] = [];
  return {
    take: (bytes: number): boolean => {
      const body = pool.take(bytes);
      const isOwn = body.length === bytes && !owned.some((other) => overlap(body, other));
      owned.push(body);
      return isOwn;
    },
    giveBack: (which: number): boolean => {
      past.push(...owned.splice(which % Math.max(1, owned.length), 1));
      for (const body of [...past.slice(-1), ...past.slice(which % Math.max(1, past.length))]) {
        pool.giveBack(body);
      }
      return pool.freeBytes() <= limitBytes;
    },
  };
};

describe("takeBody and giveBack", () => {
  it("share one pool", () => {
    const body = takeBody(100_000);
    giveBack(body);
    expect(takeBody(70_000).buffer).toBe(body.buffer);
  });
});
