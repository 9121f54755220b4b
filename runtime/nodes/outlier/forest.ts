import type { detectors } from "../../../api/built-ins/detectors.ts";
import type { Values } from "../../../api/built-ins/read.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode } from "../node.ts";
import type { Rows } from "../rows.ts";
import { storedJson } from "../stored.ts";
import { makeDetector } from "./detector.ts";
import { type Forest, readForest } from "./forest-model.ts";

/**
 * Scores each row by `2 ** (-mean path / expected path)`, which is scikit-learn's `score_samples`
 * with the sign turned: near 1 is strange, below 0.5 is usual.
 *
 * @throws {EngineError} PARAMETER_INVALID for a model that cannot be read.
 * Source: Liu, Ting and Zhou, "Isolation Forest", ICDM 2008; scikit-learn's IsolationForest.
 */
export const makeIsolationForest = (
  values: Values<typeof detectors.ISOLATION_FOREST_DETECTOR>,
  means: Means,
): BuiltInNode => {
  const forest = readForest(
    means.name,
    storedJson("model", { value: values.model, place: values.model_uri }, means),
  );
  const lengths = pathLengths(forest);
  return makeDetector(
    {
      width: () => forest.width,
      score: (rows) => forestScores(forest, lengths, rows),
      describe: () => ({ trees: forest.roots.length, columns: forest.width }),
    },
    { ...values, threshold: values.threshold ?? forest.threshold },
    means,
  );
};

const eulerGamma = 0.5772156649015329;

/** The mean length of a failed search in a binary tree of so many rows. Source: Liu et al., equation 1. */
const expectedPath = (rows: number): number => {
  if (rows <= 1) return 0;
  if (rows === 2) return 1;
  return 2 * (Math.log(rows - 1) + eulerGamma) - (2 * (rows - 1)) / rows;
};

/** Of each leaf: its depth, and what would lie below had it been grown to the end. */
const pathLengths = ({ feature, left, right, reached }: Forest): Float64Array => {
  const depth = new Float64Array(feature.length);
  const lengths = new Float64Array(feature.length);
  feature.forEach((column, at) => {
    const below = (depth[at] ?? 0) + 1;
    if (column < 0) lengths[at] = below - 1 + expectedPath(reached[at] ?? 0);
    else for (const child of [left[at] ?? 0, right[at] ?? 0]) depth[child] = below;
  });
  return lengths;
};

const forestScores = (forest: Forest, lengths: Float64Array, rows: Rows): readonly number[] => {
  const { roots, samples } = forest;
  const expected = roots.length * expectedPath(samples);
  const { count, width, values } = rows;
  const row = new Float32Array(width); // scikit-learn compares at this precision
  return Array.from({ length: count }, (_, i) => {
    for (let j = 0; j < width; j += 1) row[j] = values[i * width + j] ?? 0;
    let length = 0;
    for (const root of roots) length += lengths[leafOf(forest, root, row)] ?? 0;
    return 2 ** (-length / expected);
  });
};

const leafOf = (
  { feature, split, left, right }: Forest,
  root: number,
  row: Float32Array,
): number => {
  let at = root;
  for (let column = feature[at] ?? -1; column >= 0; column = feature[at] ?? -1) {
    at = ((row[column] ?? 0) <= (split[at] ?? 0) ? left[at] : right[at]) ?? 0;
  }
  return at;
};
