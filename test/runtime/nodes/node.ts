import { readFileSync } from "node:fs";
import type { Means } from "../../../runtime/nodes/definition.ts";
import type { BuiltInNode, Feedback, Look, Outcome } from "../../../runtime/nodes/node.ts";
import { makeMemoryStore } from "../../../runtime/nodes/store/memory.ts";
import type { NumericView } from "../../../runtime/nodes/view.ts";
import { definitionOf } from "./definitions.ts";

/** A node as an engine makes it, with two children; lists and JSON are written as in a manifest. */
export const nodeOf = (
  implementation: string,
  parameters: Readonly<Record<string, unknown>> = {},
  more: Partial<Means> = {},
): BuiltInNode => {
  const make = definitionOf(implementation);
  if (make === undefined) throw new Error(`no ${implementation}`);
  return make({
    name: "n",
    type: "TRANSFORMER",
    branches: ["a", "b"].map((name, index) => ({ index, name })),
    parameters: Object.entries(parameters).map(([name, value]) => ({ name, value: text(value) })),
    random: () => 0,
    now: () => 0,
    store: makeMemoryStore(() => 0),
    ...more,
  });
};

const text = (value: unknown): string => {
  if (Array.isArray(value) && value.every((one) => typeof one === "number")) return value.join();
  return typeof value === "string" ? value : JSON.stringify(value);
};

export const lookAt = (view: NumericView, more: Partial<Look> = {}): Look => ({
  id: "id",
  request: {},
  numbers: () => view,
  json: () => ({}),
  header: () => undefined,
  ...more,
});

export const rows = (...of: readonly (readonly number[])[]): NumericView => ({
  shape: [of.length, of[0]?.length ?? 0],
  values: of.flat(),
  names: [],
});

export const told = (more: Partial<Feedback>): Feedback => ({
  id: () => "id",
  reward: () => 0,
  route: undefined,
  request: () => undefined,
  truth: () => undefined,
  ...more,
});

/** The outcome of a step that works at once. */
export const entered = (node: BuiltInNode, look: Look): Outcome => {
  if (node.input === undefined) throw new Error("the node takes no input");
  return node.input(look) as Outcome; // no promise: see above
};

type Sample = {
  readonly values: readonly number[];
  readonly median: number;
  readonly mad: number;
  readonly mean_distance: number;
  readonly q1: number;
  readonly q3: number;
};

type Matrix = readonly (readonly number[])[];
type Stream = { readonly rows: Matrix; readonly scores: Matrix };

/** What scikit-learn and numpy answer; see reference/reference.py. */
export const reference: {
  readonly train: Matrix;
  readonly queries: Matrix;
  readonly mahalanobis: Readonly<Record<string, readonly number[]>>;
  readonly clipped: Stream;
  readonly fading: Stream;
  readonly forests: readonly {
    readonly model: Readonly<Record<string, unknown>>;
    readonly rows: Matrix;
    readonly score_samples: readonly number[];
    readonly decision_function: readonly number[];
    readonly predict: readonly number[];
  }[];
  readonly columns: readonly Sample[];
  readonly scalers: Readonly<
    Record<"mean" | "scale" | "data_min" | "data_max", readonly number[]>
  > &
    Readonly<Record<"standard" | "min_max" | "min_max_ranged" | "min_max_clipped", Matrix>>;
  readonly one_hot: Readonly<
    Record<
      "none" | "first" | "if_binary",
      { readonly values: Matrix; readonly names: readonly string[] }
    >
  > & { readonly categories: unknown; readonly rows: readonly (readonly unknown[])[] };
  readonly votes: {
    readonly scores: readonly Matrix[];
    readonly weights: readonly number[];
    readonly plain: readonly number[];
    readonly weighted: readonly number[];
  };
} = JSON.parse(readFileSync(new URL("reference/reference.json", import.meta.url), "utf8"));

/** The largest difference between two lists of numbers. */
export const distance = (one: readonly number[], other: readonly number[]): number => {
  if (one.length !== other.length) return Infinity;
  return one.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? NaN))), 0);
};
