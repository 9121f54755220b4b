import { EngineError } from "../errors.ts";
import type { NumericView } from "./view.ts";

/**
 * The element-wise mean of the children's numbers: arrays of one shape in, one of that shape out.
 * Column names are the first child's.
 *
 * @throws {EngineError} PAYLOAD_UNFIT when the shapes differ, or there is nothing to average.
 * Source: deviation E5.
 */
export const average = (node: string, views: readonly NumericView[]): NumericView => {
  const [first] = views;
  if (first === undefined)
    throw new EngineError("PAYLOAD_UNFIT", `node ${node} got nothing to average`);
  const sums = new Array<number>(first.values.length).fill(0);
  views.forEach(({ shape, values }, child) => {
    if (shape.join() !== first.shape.join()) {
      throw new EngineError(
        "PAYLOAD_UNFIT",
        `node ${node} cannot average: child 0 answered shape [${first.shape}], child ${child} [${shape}]`,
      );
    }
    values.forEach((value, i) => {
      sums[i] = (sums[i] ?? 0) + value;
    });
  });
  return { ...first, values: sums.map((sum) => sum / views.length) };
};
