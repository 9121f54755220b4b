import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  meanDistance,
  medianDistance,
  quantile,
} from "../../../../runtime/nodes/outlier/quantile.ts";
import { makeWindow } from "../../../../runtime/nodes/outlier/window.ts";
import { codeOf } from "../../protocol/outcome.ts";
import { distance, entered, lookAt, nodeOf, reference, rows } from "../node.ts";

const scoresOf = (node: ReturnType<typeof nodeOf>, ...of: readonly (readonly number[])[]) =>
  entered(node, lookAt(rows(...of))).tags?.["outlier-score"] as number[]; // one for each row

describe("the statistics of a column", () => {
  it.each(reference.columns.map((sample, i) => ({ i, sample })))(
    "are numpy's: $i",
    ({ sample }) => {
      const sorted = Float64Array.from(sample.values).sort();
      const median = quantile(sorted, 0.5);
      const found = [
        ...[median, medianDistance(sorted, median), meanDistance(sorted, median)],
        ...[quantile(sorted, 0.25), quantile(sorted, 0.75)],
      ];
      const { mad, mean_distance, q1, q3 } = sample;
      expect(distance(found, [sample.median, mad, mean_distance, q1, q3])).toBeLessThan(1e-12);
    },
  );
});

describe("makeWindow", () => {
  it("holds the latest rows in order, whatever comes", () => {
    const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.array(number)), (size, batches) => {
        const window = makeWindow(size, 1);
        for (const values of batches) {
          window.add({ count: values.length, width: 1, values, names: [] });
        }
        const latest = batches.flat().slice(-size);
        expect(window.count()).toBe(latest.length);
        expect(Array.from(window.column(0), (one) => one + 0)).toEqual(
          Array.from(Float64Array.from(latest).sort(), (one) => one + 0), // -0 is 0
        );
      }),
    );
  });
});

describe.each([
  { implementation: "ROBUST_ZSCORE_DETECTOR", given: { median: [10, 0], mad: [2, 1] } },
  { implementation: "IQR_DETECTOR", given: { q1: [8, -1], q3: [12, 1] } },
])("$implementation", ({ implementation, given }) => {
  it("judges by its strangest column", () => {
    const node = nodeOf(implementation, given);
    const expected = implementation === "IQR_DETECTOR" ? [0, 2, 9.5] : [0, 3.3725, 13.49];
    expect(distance(scoresOf(node, [10, 0], [20, 0], [11, -20]), expected)).toBeLessThan(1e-9);
    expect(node.describe?.()).not.toHaveProperty("learned");
  });

  it("learns from a window of the latest rows", () => {
    const node = nodeOf(implementation, { window: 20, warmup: 10 });
    expect(scoresOf(node, ...Array.from({ length: 9 }, (_, i) => [i]))).toEqual(
      new Array(9).fill(0),
    );
    expect(scoresOf(node, [1000])).toEqual([0]);
    expect(scoresOf(node, [1000])[0]).toBeGreaterThan(100);
    scoresOf(node, ...Array.from({ length: 20 }, (_, i) => [1000 + i]));
    expect(scoresOf(node, [1010])[0]).toBeLessThan(1);
    expect(node.describe?.()).toMatchObject({ learned: 20, columns: 1 });
  });

  it("says nothing of constant columns", () => {
    const node = nodeOf(implementation, { warmup: 2 });
    scoresOf(node, [1, 1], [1, 2], [1, 3], [1, 4]);
    expect(scoresOf(node, [50, 2])[0]).toBeLessThan(1);
  });

  it("keeps to the columns that it knows, and learns nothing from rows that it refuses", () => {
    const node = nodeOf(implementation, { warmup: 2 });
    scoresOf(node, [1, 2], [3, 4]);
    for (const bad of [[1], [1, Number.NaN]]) {
      expect(codeOf(() => scoresOf(node, bad))).toBe("PAYLOAD_UNFIT");
    }
    expect(node.describe?.()).toMatchObject({ learned: 2 });
    expect(codeOf(() => scoresOf(nodeOf(implementation, given), [1]))).toBe("PAYLOAD_UNFIT");
    const wide = nodeOf(implementation, { window: 100_000 });
    expect(codeOf(() => scoresOf(wide, new Array(200).fill(0)))).toBe("PAYLOAD_UNFIT");
  });

  it("needs statistics that fit each other", () => {
    const [[first, second] = ["", ""], lists = []] = [Object.keys(given), Object.values(given)];
    for (const wrong of [
      { [`${first}`]: lists[0] },
      { [`${first}`]: lists[0], [`${second}`]: [1] },
      { [`${first}`]: [], [`${second}`]: [] },
      { [`${first}`]: [0, 0], [`${second}`]: [0, 0] },
    ]) {
      const node = nodeOf(implementation, wrong);
      expect(codeOf(() => scoresOf(node, [1, 2]))).toBe("PARAMETER_INVALID");
    }
  });
});

describe("ROBUST_ZSCORE_DETECTOR", () => {
  it("judges a column that is mostly the same by its mean distance", () => {
    const sample = reference.columns[2];
    const node = nodeOf("ROBUST_ZSCORE_DETECTOR", { warmup: 2 });
    scoresOf(node, ...(sample?.values ?? []).map((value) => [value]));
    const score = 40 / (1.253314 * (sample?.mean_distance ?? 0));
    expect(distance(scoresOf(node, [40]), [score])).toBeLessThan(1e-12);
  });
});
