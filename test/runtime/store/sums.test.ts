import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { merge } from "../../../runtime/nodes/store/merge.ts";
import { makeSharedSums, makeSums } from "../../../runtime/nodes/store/sums.ts";

describe.each([
  { name: "makeSums", make: makeSums },
  { name: "makeSharedSums", make: makeSharedSums },
])("$name", ({ make }) => {
  it("begins with zeros and adds", () => {
    const sums = make(3);
    const { values } = sums;
    sums.add([0, 2], [1, 0.5]);
    sums.add([2], [0.25]);
    expect([...values]).toEqual([1, 0, 0.75]);
  });

  it.each([
    { name: "Infinity", amount: Number.POSITIVE_INFINITY },
    { name: "NaN", amount: Number.NaN },
    { name: "too much", amount: Number.MAX_VALUE },
  ])("adds nothing at all when a sum would be no number: $name", ({ amount }) => {
    const sums = make(2);
    sums.add([1], [Number.MAX_VALUE]);
    expect(() => sums.add([0, 1], [1, amount])).toThrow(
      expect.objectContaining({ code: "PAYLOAD_UNFIT" }),
    );
    expect([...sums.values]).toEqual([0, Number.MAX_VALUE]);
  });

  it.each([
    { name: "beyond the end", places: [2] },
    { name: "before the start", places: [-1] },
    { name: "between two", places: [0.5] },
    { name: "more than amounts", places: [0, 1] },
  ])("refuses places that are none: $name", ({ places }) => {
    const sums = make(2);
    expect(() => sums.add(places, [1])).toThrow(RangeError);
    expect([...sums.values]).toEqual([0, 0]);
  });
});

describe("makeSharedSums", () => {
  it("keeps a batch as it is until it is settled", () => {
    const sums = makeSharedSums(3);
    expect(sums.take()).toBeUndefined();
    sums.add([2, 0], [1, 2]);
    const batch = sums.take();
    sums.add([0], [10]);
    expect(sums.take()).toBe(batch);
    expect([...(batch?.places ?? [])]).toEqual([0, 2]);
    expect([...(batch?.amounts ?? [])]).toEqual([2, 1]);
    expect(sums.waiting()).toBe(2);
    sums.settle();
    expect([...sums.base]).toEqual([2, 0, 1]);
    expect([...sums.values]).toEqual([12, 0, 1]);
    expect(sums.waiting()).toBe(1);
    expect([...(sums.take()?.amounts ?? [])]).toEqual([10]);
  });

  it("takes what is common, and keeps what waits", () => {
    const sums = makeSharedSums(2);
    sums.add([0], [1]);
    sums.take();
    sums.add([1], [2]);
    sums.settle(Float64Array.of(100, 200));
    expect([...sums.values]).toEqual([100, 202]);
    expect([...sums.base]).toEqual([100, 200]);
    sums.settle(Float64Array.of(101, 201));
    expect([...sums.values]).toEqual([101, 203]);
  });

  it("agrees with others in whatever order they exchange", () => {
    const step = fc.record({
      engine: fc.nat(2),
      place: fc.nat(3),
      amount: fc.integer({ min: -1000, max: 1000 }),
      exchanges: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const engines = [0, 1, 2].map(() => makeSharedSums(4));
        let common = new Float64Array(4);
        const exchange = (sums: ReturnType<typeof makeSharedSums>): void => {
          const { places, amounts } = sums.take() ?? { places: [], amounts: [] };
          const next = Float64Array.from(common);
          places.forEach((place, i) => {
            next[place] = (next[place] ?? 0) + (amounts[i] ?? 0);
          });
          common = next;
          sums.settle(common);
        };
        const want = new Array<number>(4).fill(0);
        for (const { engine, place, amount, exchanges } of steps) {
          const sums = engines[engine];
          sums?.add([place], [amount]);
          want[place] = (want[place] ?? 0) + amount;
          if (exchanges && sums !== undefined) exchange(sums);
        }
        for (const sums of [...engines, ...engines]) exchange(sums);
        for (const { values } of engines) expect([...values]).toEqual(want);
      }),
    );
  });
});

describe("merge", () => {
  const stored = (node: string, ...values: readonly number[]) => ({
    node,
    kind: "k/1",
    values: Float64Array.from(values),
  });

  it("adds to what is stored, and keeps what it does not know", () => {
    const sums = makeSharedSums(2);
    sums.add([0], [1]);
    const owned = [{ node: "a", kind: "k/1", sums }];
    const merged = merge([stored("a", 5, 6), stored("a", 1, 2, 3), stored("b", 7)], owned);
    expect(merged.sums).toEqual([stored("a", 6, 6), stored("a", 1, 2, 3), stored("b", 7)]);
    expect(sums.waiting()).toBe(1);
    merged.settle();
    expect(sums.waiting()).toBe(0);
    expect([...sums.values]).toEqual([6, 6]);
  });

  it("gives again what was stored and is lost", () => {
    const sums = makeSharedSums(1);
    sums.settle(Float64Array.of(5));
    sums.add([0], [1]);
    expect(merge([], [{ node: "a", kind: "k/1", sums }]).sums).toEqual([stored("a", 6)]);
  });

  it("refuses sums that would be no numbers", () => {
    const sums = makeSharedSums(1);
    sums.add([0], [Number.MAX_VALUE]);
    const owned = [{ node: "a", kind: "k/1", sums }];
    expect(() => merge([stored("a", Number.MAX_VALUE)], owned)).toThrow();
    expect(sums.waiting()).toBe(1);
  });
});
