import type { Values } from "../../../api/built-ins/read.ts";
import type { transformers } from "../../../api/built-ins/transformers.ts";
import type { Means } from "../definition.ts";
import { lengthOfAll } from "../lists.ts";
import type { BuiltInNode } from "../node.ts";
import { parameterFault, rowsOf } from "../rows.ts";
import { makeTransformer } from "./transformer.ts";

/**
 * Answers `(x - mean) / scale`, column by column.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for rows of another width, PARAMETER_INVALID for lists that
 * differ in length, or a scale of 0. Source: scikit-learn's StandardScaler, `mean_` and `scale_`.
 */
export const makeStandardScaler = (
  { mean, scale }: Values<typeof transformers.STANDARD_SCALER>,
  means: Means,
): BuiltInNode => {
  const { name } = means;
  if (mean === undefined && scale === undefined)
    throw parameterFault(name, "give it mean or scale");
  const width = lengthOfAll(name, { ...(mean && { mean }), ...(scale && { scale }) });
  if (scale?.includes(0)) throw parameterFault(name, "scale has a 0; write 1 for constant columns");
  return eachColumn(means, width, (value, j) => (value - (mean?.[j] ?? 0)) / (scale?.[j] ?? 1));
};

/**
 * Moves each column from the range `data_min` to `data_max` to that of `feature_range`. A column
 * that was constant in training is only shifted.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for rows of another width, PARAMETER_INVALID for lists that
 * do not fit each other. Source: scikit-learn's MinMaxScaler.
 */
export const makeMinMaxScaler = (
  values: Values<typeof transformers.MIN_MAX_SCALER>,
  means: Means,
): BuiltInNode => {
  const { name } = means;
  const { data_min: least, data_max: most, feature_range: range, clip } = values;
  const width = lengthOfAll(name, { data_min: least, data_max: most });
  const [low = 0, high = 0, ...more] = range;
  if (range.length < 2 || more.length > 0 || !(low < high)) {
    throw parameterFault(name, `feature_range is ${range}; write two numbers, the lower one first`);
  }
  const falling = least.findIndex((one, j) => one > (most[j] ?? 0));
  if (falling >= 0)
    throw parameterFault(name, `data_min[${falling}] is above data_max[${falling}]`);
  const scales = least.map((one, j) => (high - low) / ((most[j] ?? 0) - one || 1));
  const shifts = least.map((one, j) => low - one * (scales[j] ?? 1));
  return eachColumn(means, width, (value, j) => {
    const moved = value * (scales[j] ?? 1) + (shifts[j] ?? 0);
    return clip ? Math.min(Math.max(moved, low), high) : moved;
  });
};

/** The same shape and names, with each value worked on by its column. */
const eachColumn = (
  means: Means,
  width: number,
  work: (value: number, column: number) => number,
): BuiltInNode =>
  makeTransformer(means, (look) => {
    const view = look.numbers();
    const { values } = rowsOf(means.name, view, width);
    return { numbers: { ...view, values: values.map((value, i) => work(value, i % width)) } };
  });
