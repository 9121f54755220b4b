/** How well a detector does, by what feedback says that rows really were. */
import type { Measure } from "../node.ts";
import { placeOf, unfit } from "../rows.ts";
import type { StateStore } from "../state-store.ts";
import type { NumericView } from "../view.ts";

const outcomes = ["true_negative", "false_positive", "false_negative", "true_positive"] as const;

export type Labels = {
  /**
   * Counts what was predicted against the truth, a 0 or 1 for each row. Without predictions, when
   * the request is forgotten and the feedback does not hold it, only the loss is counted.
   *
   * @throws {EngineError} PAYLOAD_UNFIT for a truth of another length or with another number.
   */
  add(predicted: readonly number[] | undefined, truth: NumericView): void;
  describe(): object;
  measures(): readonly Measure[];
};

/** The counts are sums: engines that share a store agree on them. */
export const makeLabels = (store: StateStore, node: string): Labels => {
  const counts = store.sums(`${node}/labels`, { kind: "outlier-labels/1", length: 4 });
  let lost = 0;
  const rates = () => ratesOf(counts.values);
  return {
    add: (predicted, truth) => {
      const values = truthOf(node, truth);
      if (predicted === undefined) {
        lost += 1;
        return;
      }
      if (values.length !== predicted.length) {
        throw unfit(
          node,
          `the truth has ${values.length} rows, the request it is about ${predicted.length}`,
        );
      }
      const places = predicted.map((flag, row) => (values[row] ?? 0) * 2 + flag);
      const amounts = outcomes.map((_, place) => places.filter((one) => one === place).length);
      counts.add([0, 1, 2, 3], amounts);
    },
    describe: () => ({
      labels: {
        ...Object.fromEntries(outcomes.map((outcome, place) => [outcome, counts.values[place]])),
        ...rates(),
      },
    }),
    measures: () => [
      ...outcomes.map((outcome, place) =>
        gauge("labels", "Labelled rows by what they were told to be", counts.values[place], {
          outcome,
        }),
      ),
      ...Object.entries(rates()).map(([name, value]) =>
        gauge(name, `The ${name} of the detector on labelled rows`, value),
      ),
      {
        name: "outlier_labels_lost_total",
        type: "counter",
        help: "Feedback with labels for requests that nobody remembers",
        labels: {},
        value: lost,
      },
    ],
  };
};

const truthOf = (node: string, { shape, values, names }: NumericView): readonly number[] => {
  const [, width = 1] = shape;
  if (shape.length > 2 || width !== 1) {
    throw unfit(node, `the truth has shape [${shape}]; send a 0 or 1 for each row`);
  }
  const wrong = values.findIndex((value) => value !== 0 && value !== 1);
  if (wrong < 0) return values;
  const place = placeOf(wrong, { width, names });
  throw unfit(node, `the truth has ${values[wrong]} in ${place}; send a 0 or 1 for each row`);
};

const gauge = (
  name: string,
  help: string,
  value: number | undefined,
  labels: Readonly<Record<string, string>> = {},
): Measure => ({ name: `outlier_${name}`, type: "gauge", help, labels, value: value ?? 0 });

/** Those that are defined: one over nothing is left out. Source: van Rijsbergen, Information Retrieval, chapter 7. */
const ratesOf = (counts: Readonly<Float64Array>): Readonly<Record<string, number>> => {
  const [trueNegative = 0, falsePositive = 0, falseNegative = 0, truePositive = 0] = counts;
  const found = truePositive + falsePositive;
  const real = truePositive + falseNegative;
  const all = found + falseNegative + trueNegative;
  return {
    ...(all > 0 && { accuracy: (truePositive + trueNegative) / all }),
    ...(found > 0 && { precision: truePositive / found }),
    ...(real > 0 && { recall: truePositive / real }),
    ...(found + real > 0 && { f1: (2 * truePositive) / (found + real) }),
  };
};
