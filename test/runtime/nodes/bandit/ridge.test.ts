import { describe, expect, it } from "@jest/globals";
import { makeArms } from "../../../../runtime/nodes/bandit/arms.ts";
import { invertPositive } from "../../../../runtime/nodes/bandit/matrix.ts";
import { makeSeededRandom } from "../../../../runtime/nodes/bandit/random.ts";
import { makeRidge, ridgeLength } from "../../../../runtime/nodes/bandit/ridge.ts";
import { makeSamplers } from "../../../../runtime/nodes/bandit/samplers.ts";
import { makeMemoryStore } from "../../../../runtime/nodes/store/memory.ts";
import { reference } from "../../../regret/contests.ts";

const ridges = (width: number, store = makeMemoryStore(() => 0)) => {
  const arms = makeArms(store, { node: "n", count: 2, kind: "k", own: ridgeLength(width) });
  return [0, 1].map((arm) => makeRidge(arms, { arm, width, lambda: 1 }));
};

const { normal } = makeSamplers(makeSeededRandom(1));
const row = (width: number, scale = 1) =>
  Float64Array.from({ length: width }, () => normal() * scale);

describe("makeRidge", () => {
  it.each(reference.linucb)("scores as mabwiser does, with rows of $width", (one) => {
    const { alpha, width, arms, rewards, rows, asked, scores, coefficients } = one;
    const all = ridges(width);
    rows.forEach((values, i) => {
      const ridge = all[arms[i] ?? 0];
      ridge?.predict(Float64Array.from(asked)); // the inverse follows each row
      ridge?.learn([Float64Array.from(values)], rewards[i] ?? 0);
    });
    all.forEach((ridge, arm) => {
      const { mean, deviation } = ridge.predict(Float64Array.from(asked));
      expect(mean + alpha * deviation).toBeCloseTo(scores[arm] ?? 0, 9);
      ridge.coefficients().forEach((value, i) => {
        expect(value).toBeCloseTo(coefficients[arm]?.[i] ?? 0, 9);
      });
    });
  });

  it("knows of what another engine has added", () => {
    const store = makeMemoryStore(() => 0);
    const [[mine], [others]] = [ridges(3, store), ridges(3, store)];
    const asked = row(3);
    mine?.predict(asked);
    others?.learn([row(3)], 2);
    expect(mine?.predict(asked)).toEqual(others?.predict(asked));
    mine?.learn([row(3)], 1);
    const [fresh] = ridges(3, store);
    expect(mine?.predict(asked).mean).toBeCloseTo(fresh?.predict(asked).mean ?? 0, 12);
  });

  it("stays exact over thousands of rows, alone and in batches", () => {
    const store = makeMemoryStore(() => 0);
    const [ridge] = ridges(5, store);
    const asked = row(5);
    for (let i = 0; i < 3000; i += 1) {
      const rows = Array.from({ length: i % 7 === 0 ? 9 : 1 }, () => row(5, 3));
      ridge?.predict(asked);
      ridge?.learn(rows, normal());
    }
    const [fresh] = ridges(5, store);
    expect(ridge?.predict(asked).mean).toBeCloseTo(fresh?.predict(asked).mean ?? 0, 12);
    expect(ridge?.predict(asked).deviation).toBeCloseTo(fresh?.predict(asked).deviation ?? 0, 12);
  });

  it("predicts numbers after rows of the largest size", () => {
    const [ridge] = ridges(3);
    for (let i = 0; i < 50; i += 1) ridge?.learn([Float64Array.of(1e6, 1e6, 1)], 1);
    const { mean, deviation } = ridge?.predict(Float64Array.of(1, 2, 3)) ?? {};
    expect(Number.isFinite(mean) && Number.isFinite(deviation)).toBe(true);
  });
});

describe("invertPositive", () => {
  it("makes the identity of a matrix and its inverse", () => {
    const width = 6;
    const all = Array.from({ length: width }, (_, i) => i);
    const rows = [1, 2, 3, 4].map(() => row(width));
    const matrix = Float64Array.from(
      all.flatMap((i) =>
        all.map((j) => rows.reduce((sum, x) => sum + (x[i] ?? 0) * (x[j] ?? 0), i === j ? 0.5 : 0)),
      ),
    );
    const inverse = Float64Array.from(matrix);
    invertPositive(inverse, width, 0.5);
    const times = (i: number, j: number) =>
      all.reduce((sum, k) => sum + (matrix[i * width + k] ?? 0) * (inverse[k * width + j] ?? 0), 0);
    for (const i of all) for (const j of all) expect(times(i, j)).toBeCloseTo(i === j ? 1 : 0, 12);
  });
});
