import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { makeMemoryStore } from "../../../../runtime/nodes/store/memory.ts";
import { codeOf, outcome } from "../../protocol/outcome.ts";
import { entered, lookAt, nodeOf, rows, told } from "../node.ts";

const given = { median: [0], mad: [0.6745], threshold: 3 };

const detector = (more: object = {}, means: Parameters<typeof nodeOf>[2] = {}) =>
  nodeOf("ROBUST_ZSCORE_DETECTOR", { ...given, ...more }, means);

const tags = { "outlier-predictions": [0, 1], "outlier-score": [2, 4], is_outlier: true };
const look = () => lookAt(rows([2], [-4]));

const measured = (node: ReturnType<typeof detector>) =>
  Object.fromEntries(
    (node.measures?.() ?? []).map(({ name, labels, value }) => [
      [name, ...Object.values(labels)].join(" "),
      value,
    ]),
  );

describe("a detector", () => {
  it("passes a message on with tags, and tags the answer", () => {
    const node = detector();
    const one = look();
    expect(entered(node, one)).toEqual({ tags });
    expect(node.output?.(one)).toEqual({ tags });
    expect(measured(node)).toMatchObject({ outlier_rows_total: 2, outlier_found_total: 1 });
    expect(detector({}, { branches: [] }).output).toBeUndefined();
    expect(node.route).toBeUndefined();
  });

  it("keeps apart requests that say they are the same", () => {
    const node = detector();
    const [one, other] = [look(), lookAt(rows([0]))];
    entered(node, one);
    entered(node, other);
    expect(node.output?.(one)).toEqual({ tags });
  });

  it("answers the scores as a model", () => {
    const node = detector({}, { type: "MODEL", branches: [] });
    const numbers = { shape: [2, 1], values: [2, 4], names: ["outlier-score"] };
    expect(entered(node, look())).toEqual({ numbers, tags });
  });

  it("routes outliers to the second child as a router", () => {
    const node = detector({}, { type: "ROUTER" });
    const one = look();
    expect(entered(node, one)).toEqual({ tags });
    expect(node.route?.(one)).toBe(1);
    expect(node.route?.(lookAt(rows([1])))).toBe(0);
    expect(measured(node)).toMatchObject({ outlier_rows_total: 3 });
  });

  it("blocks outliers and tells which they are", () => {
    const node = detector({ action: "block" });
    expect(codeOf(() => entered(node, look()))).toBe("OUTLIER_REFUSED");
    expect(() => entered(node, look())).toThrow(/row 1 has score 4/);
    expect(entered(node, lookAt(rows([1])))).toMatchObject({ tags: { is_outlier: false } });
  });

  it("names no more than ten of them", () => {
    const many = lookAt(rows(...Array.from({ length: 12 }, () => [9])));
    expect(() => entered(detector({ action: "block" }), many)).toThrow(/row 9 .*and 2 more rows/);
  });

  it.each([
    { name: "an unknown action", parameters: { action: "drop" }, means: {} },
    { name: "route without a router", parameters: { action: "route" }, means: {} },
    { name: "tag in a router", parameters: { action: "tag" }, means: { type: "ROUTER" } },
    { name: "a router of one child", parameters: {}, means: { type: "ROUTER", branches: [] } },
  ])("refuses $name", ({ parameters, means }) => {
    const node = detector(parameters, means);
    expect(codeOf(() => entered(node, look()))).toBe("PARAMETER_INVALID");
  });

  it.each([
    { name: "no rows", view: { shape: [0, 1], values: [], names: [] } },
    { name: "no columns", view: { shape: [3, 0], values: [], names: [] } },
    { name: "a single number", view: { shape: [], values: [1], names: [] } },
    { name: "more dimensions", view: { shape: [1, 1, 1], values: [1], names: [] } },
    { name: "another width", view: rows([1, 2]) },
    { name: "NaN", view: rows([1], [Number.NaN]) },
    { name: "infinity", view: rows([-Infinity]) },
    { name: "a number beyond all measure", view: rows([1e200]) },
  ])("refuses $name", ({ view }) => {
    const node = detector();
    expect(codeOf(() => entered(node, lookAt(view)))).toBe("PAYLOAD_UNFIT");
    expect(measured(node)).toMatchObject({ outlier_rows_total: 0 });
  });

  it("names row and column", () => {
    const view = { ...rows([1, 2], [3, Number.NaN]), names: ["age", "pay"] };
    const node = detector({ median: [0, 0], mad: [1, 1] });
    expect(() => entered(node, lookAt(view))).toThrow(/row 1, column 1 \(pay\) is NaN/);
  });

  it("takes a vector for one row", () => {
    const view = { shape: [1], values: [9], names: [] };
    expect(entered(detector(), lookAt(view)).tags).toMatchObject({ "outlier-predictions": [1] });
  });
});

describe.each([
  { implementation: "MAHALANOBIS_DETECTOR", parameters: { warmup: 5, start_clip: 5 } },
  { implementation: "MAHALANOBIS_DETECTOR", parameters: { warmup: 5, max_n: 20 } },
  { implementation: "ROBUST_ZSCORE_DETECTOR", parameters: { warmup: 5, window: 20 } },
  { implementation: "IQR_DETECTOR", parameters: { warmup: 5, window: 20 } },
])("$implementation $parameters", ({ implementation, parameters }) => {
  const number = fc.oneof(fc.double(), fc.constantFrom(0, 1, 1e100, -1e100, 1e-300));
  const view = fc.record({
    shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    names: fc.constant([]),
    values: fc.array(number, { minLength: 27, maxLength: 27 }),
  });

  it("scores with finite numbers or refuses, whatever came before", () => {
    fc.assert(
      fc.property(fc.array(view, { maxLength: 20 }), (views) => {
        const node = nodeOf(implementation, { ...parameters, n_features: 2 });
        for (const one of [...views, rows([1, 2])]) {
          const size = one.shape.reduce((product, length) => product * length, 1);
          const look = lookAt({ ...one, values: one.values.slice(0, size) });
          const scores = outcome(() => entered(node, look).tags?.["outlier-score"]);
          if (scores !== "PAYLOAD_UNFIT") {
            expect((scores as number[]).every((score) => score >= 0 && score < Infinity)).toBe(
              true,
            );
          }
        }
      }),
    );
  });
});

describe("the labels of feedback", () => {
  const labelled = (more: object = {}) => detector({ labels: true, ...more });
  const truth = (...values: readonly number[]) => ({ shape: [values.length], values, names: [] });

  it("count against what was answered, by id alone", async () => {
    const node = labelled();
    entered(node, lookAt(rows([9], [9], [0], [0], [0]), { id: "r1" }));
    await node.feedback?.(told({ id: () => "r1", truth: () => truth(1, 0, 0, 0, 1) }));
    expect(measured(node)).toMatchObject({
      "outlier_labels true_positive": 1,
      "outlier_labels false_positive": 1,
      "outlier_labels true_negative": 2,
      "outlier_labels false_negative": 1,
      outlier_precision: 0.5,
      outlier_recall: 0.5,
      outlier_f1: 0.5,
      outlier_accuracy: 0.6,
      outlier_labels_lost_total: 0,
    });
    expect(node.describe?.()).toMatchObject({ labels: { true_negative: 2, f1: 0.5 } });
  });

  it("count against the request that feedback holds, where nobody remembers it", async () => {
    const node = labelled();
    const request = () => rows([9], [0]);
    await node.feedback?.(told({ request, truth: () => rows([1], [0]) }));
    expect(measured(node)).toMatchObject({ outlier_accuracy: 1, outlier_rows_total: 0 });
    await node.feedback?.(told({ truth: () => rows([1], [0]) }));
    expect(measured(node)).toMatchObject({ outlier_accuracy: 1, outlier_labels_lost_total: 1 });
  });

  it("are sums that engines share", async () => {
    const store = makeMemoryStore(() => 0);
    const node = () => detector({ labels: true }, { store });
    entered(node(), lookAt(rows([9])));
    const other = node();
    await other.feedback?.(told({ truth: () => truth(1) }));
    expect(measured(node())).toMatchObject({ outlier_recall: 1 });
  });

  it("say nothing without a truth, or about something else", async () => {
    const node = detector();
    await node.feedback?.(told({ truth: () => truth(7) }));
    await labelled().feedback?.(told({}));
    expect(measured(node)).not.toHaveProperty("outlier_accuracy");
    const model = detector({}, { type: "MODEL" });
    await model.feedback?.(told({ request: () => rows([9]), truth: () => truth(1) }));
    expect(measured(model)).toMatchObject({ outlier_precision: 1 });
  });

  it.each([
    { name: "another length", view: truth(1, 0, 1) },
    { name: "another number", view: truth(1, 2) },
    { name: "several columns", view: rows([1, 0], [0, 1]) },
    { name: "no shape", view: { shape: [1, 1, 2], values: [0, 1], names: [] } },
  ])("are refused with $name, and nothing is counted", async ({ view }) => {
    const node = labelled();
    entered(node, look());
    const feedback = node.feedback?.(told({ truth: () => view }));
    await expect(feedback).rejects.toMatchObject({ code: "PAYLOAD_UNFIT" });
    expect(measured(node)).toMatchObject({ "outlier_labels true_positive": 0 });
  });
});
