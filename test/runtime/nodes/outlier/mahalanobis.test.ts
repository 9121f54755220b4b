import { describe, expect, it } from "@jest/globals";
import { eigen } from "../../../../runtime/nodes/outlier/eigen.ts";
import { makeMemoryStore } from "../../../../runtime/nodes/store/memory.ts";
import { codeOf } from "../../protocol/outcome.ts";
import { distance, entered, lookAt, nodeOf, reference, rows } from "../node.ts";

const scoresOf = (node: ReturnType<typeof nodeOf>, ...of: readonly (readonly number[])[]) =>
  entered(node, lookAt(rows(...of))).tags?.["outlier-score"] as number[]; // one for each row

describe("MAHALANOBIS_DETECTOR", () => {
  const plain = { start_clip: 1000, warmup: 2 };

  it.each(["1", "2", "3", "5"])("scores like whitened PCA with %s components", (components) => {
    const node = nodeOf("MAHALANOBIS_DETECTOR", { ...plain, n_components: components });
    scoresOf(node, ...reference.train);
    const expected = reference.mahalanobis[components] ?? [];
    const relative = scoresOf(node, ...reference.queries).map((one, i) => one / (expected[i] ?? 0));
    expect(
      distance(
        relative,
        expected.map(() => 1),
      ),
    ).toBeLessThan(1e-10);
  });

  it.each([
    { name: "clipped", parameters: {}, stream: reference.clipped },
    { name: "clipped and fading", parameters: { max_n: 30 }, stream: reference.fading },
  ])("learns from batch to batch, $name", ({ parameters, stream }) => {
    const node = nodeOf("MAHALANOBIS_DETECTOR", {
      ...{ n_components: 2, start_clip: 20, n_stdev: 2, warmup: 2, ...parameters },
    });
    stream.scores.forEach((expected, batch) => {
      const scores = scoresOf(node, ...stream.rows.slice(batch * 5, batch * 5 + 5));
      const relative = scores.map(
        (one, i) => (one - (expected[i] ?? 0)) / (1 + (expected[i] ?? 0)),
      );
      expect(distance(relative, [0, 0, 0, 0, 0])).toBeLessThan(1e-8);
    });
  });

  it("judges nothing before it has seen enough", () => {
    const node = nodeOf("MAHALANOBIS_DETECTOR", { warmup: 100 });
    scoresOf(node, ...reference.train.slice(0, 99));
    expect(scoresOf(node, [1e6, 0, 0, 0, 0])).toEqual([0]);
    expect(scoresOf(node, [1e6, 0, 0, 0, 0])[0]).toBeGreaterThan(0);
  });

  it("is not led astray by values that are huge beside their spread", () => {
    const shifted = reference.train.map((row) => row.map((value) => value + 1e9));
    const node = nodeOf("MAHALANOBIS_DETECTOR", { ...plain, origin: [1e9, 1e9, 1e9, 1e9, 1e9] });
    scoresOf(node, ...shifted);
    const expected = reference.mahalanobis["3"] ?? [];
    const query = reference.queries.map((row) => row.map((value) => value + 1e9));
    const relative = scoresOf(node, ...query).map((one, i) => one / (expected[i] ?? 0));
    expect(
      distance(
        relative,
        expected.map(() => 1),
      ),
    ).toBeLessThan(1e-5);
  });

  it("takes constant columns as they come", () => {
    const node = nodeOf("MAHALANOBIS_DETECTOR", { warmup: 2, start_clip: 1 });
    scoresOf(node, ...Array.from({ length: 20 }, (_, i) => [i % 4, 7]));
    expect(scoresOf(node, [1, 7])[0]).toBeLessThan(2);
    expect(Number.isFinite(scoresOf(node, [1, 8])[0])).toBe(true);
    const constant = nodeOf("MAHALANOBIS_DETECTOR", { warmup: 2 });
    scoresOf(constant, [1, 7], [1, 7], [1, 7]);
    expect(scoresOf(constant, [9, 9])).toEqual([0]);
  });

  it("shares what it learns through the store, unless it forgets", () => {
    const store = makeMemoryStore(() => 0);
    const learned = (parameters: object) => {
      const node = () => nodeOf("MAHALANOBIS_DETECTOR", { ...parameters }, { store });
      scoresOf(node(), ...reference.train);
      const other = node();
      scoresOf(other, [1, 2, 3, 4, 5]);
      return other.describe?.();
    };
    expect(learned({})).toMatchObject({ learned: 101, columns: 5 });
    expect(learned({ max_n: 50 })).toMatchObject({ learned: 1 });
  });

  it("keeps to the columns that it knows, and learns nothing from rows that it refuses", () => {
    const node = nodeOf("MAHALANOBIS_DETECTOR", {});
    scoresOf(node, [1, 2]);
    for (const bad of [[1], [1, 2, 3], [1, Number.NaN], [1, Infinity], [1e101, 0]]) {
      expect(codeOf(() => scoresOf(node, bad))).toBe("PAYLOAD_UNFIT");
    }
    expect(node.describe?.()).toMatchObject({ learned: 1 });
    const narrow = nodeOf("MAHALANOBIS_DETECTOR", { n_features: 3 });
    expect(codeOf(() => scoresOf(narrow, [1, 2]))).toBe("PAYLOAD_UNFIT");
    expect(codeOf(() => scoresOf(nodeOf("MAHALANOBIS_DETECTOR"), new Array(129).fill(0)))).toBe(
      "PAYLOAD_UNFIT",
    );
  });

  it.each([
    { origin: [1, 2], n_features: 3 },
    { n_features: 129 },
    { threshold: "high" },
    { n_components: 0 },
  ])("refuses parameters %j", (parameters) => {
    const node = nodeOf("MAHALANOBIS_DETECTOR", parameters);
    expect(codeOf(() => scoresOf(node, [1, 2, 3]))).toBe("PARAMETER_INVALID");
  });
});

describe("eigen", () => {
  it("takes a matrix apart so that it can be put together again", () => {
    const size = 12;
    const matrix = Float64Array.from({ length: size * size }, (_, at) => {
      const [i, j] = [Math.floor(at / size), at % size];
      return Math.cos(i * j) + Math.cos(j * i) + (i === j ? i : 0);
    });
    const { values, vectors } = eigen(matrix.slice(), size);
    const again = matrix.map((_, at) => {
      const [i, j] = [Math.floor(at / size), at % size];
      return values.reduce(
        (sum, value, k) =>
          sum + value * (vectors[k * size + i] ?? 0) * (vectors[k * size + j] ?? 0),
        0,
      );
    });
    expect(distance(Array.from(again), Array.from(matrix))).toBeLessThan(1e-12);
    expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => b - a));
  });

  it("ends for zeros, for infinities and for what is no number", () => {
    expect(Array.from(eigen(new Float64Array(4), 2).values)).toEqual([0, 0]);
    for (const odd of [Number.NaN, Infinity]) eigen(new Float64Array([1, odd, odd, 1]), 2);
  });
});
