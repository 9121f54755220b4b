import type { basic } from "../../api/built-ins/basic.ts";
import type { Values } from "../../api/built-ins/read.ts";
import { EngineError } from "../errors.ts";
import { weightsOf } from "./combine/weights.ts";
import type { Means } from "./definition.ts";
import type { BuiltInNode } from "./node.ts";
import type { NumericView } from "./view.ts";

/**
 * The element-wise mean of the children's numbers, weighted if there are `weights`: arrays of one
 * shape in, one of that shape out. Column names are the first child's.
 *
 * @throws {EngineError} PAYLOAD_UNFIT when the shapes differ, or there is nothing to average;
 * PARAMETER_INVALID when the weights do not fit the children.
 * Source: deviation E5.
 */
export const makeAverage = (
  values: Values<typeof basic.AVERAGE_COMBINER>,
  means: Means,
): BuiltInNode => {
  const weights = values.weights && weightsOf(values.weights, means);
  return {
    aggregate: (looks) => ({
      numbers: average(
        means.name,
        looks.map((look) => look.numbers()),
        weights,
      ),
    }),
  };
};

export const average = (
  node: string,
  views: readonly NumericView[],
  weights?: readonly number[],
): NumericView => {
  const [first] = views;
  if (first === undefined)
    throw new EngineError("PAYLOAD_UNFIT", `node ${node} got nothing to average`);
  const sums = new Array<number>(first.values.length).fill(0);
  let total = 0;
  views.forEach(({ shape, values }, child) => {
    if (shape.join() !== first.shape.join()) {
      throw new EngineError(
        "PAYLOAD_UNFIT",
        `node ${node} cannot average: child 0 answered shape [${first.shape}], child ${child} [${shape}]`,
      );
    }
    const weight = weights?.[child] ?? 1;
    total += weight;
    values.forEach((value, i) => {
      sums[i] = (sums[i] ?? 0) + value * weight;
    });
  });
  return { ...first, values: sums.map((sum) => sum / total) };
};
