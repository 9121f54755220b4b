/** Every kind of node in every protocol over both transports: one table, tried in each dialect. */
import { describe, expect, it } from "@jest/globals";
import { closeAfterEach } from "./cleanup.ts";
import { type Act, type Dialect, dialects, grow, type Tree } from "./dialects.ts";
import { openEngine } from "./engine.ts";
import type { Row } from "./forms.ts";

const later = closeAfterEach();

const times = (factor: number): Act => ({
  does: "predict",
  by: (row) => row.map((one) => one * factor),
});
const plus = (term: number, does: "transform-input" | "transform-output"): Act => ({
  does,
  by: (row) => row.map((one) => one + term),
});
const model = (name: string, factor: number): Tree => ({ name, act: times(factor) });
type Unit = NonNullable<Tree["unit"]>;
const builtIn = (implementation: string, more: Unit = {}): Unit => ({
  implementation,
  ...more,
});
const ratio = (value: string): Unit =>
  builtIn("RANDOM_ABTEST", { parameters: [{ name: "ratioA", value, type: "FLOAT" }] });

/** Tells the first child from the second. */
const weigh: Act = {
  does: "aggregate",
  by: ([first = [], second = []]) => first.map((one, i) => one + 10 * (second[i] ?? 0)),
};
const routeTo = (child: number): Act => ({ does: "route", by: () => child });

type Case = {
  readonly name: string;
  readonly tree: Tree;
  readonly row: Row;
  readonly want: Row;
  readonly calls: Readonly<Record<string, number>>;
  readonly route?: string | undefined;
};

const pair = [model("a", 2), model("b", 3)];

const cases: readonly Case[] = [
  { name: "a model", tree: model("m", 2), row: [1, 2], want: [2, 4], calls: { m: 1 } },
  {
    name: "a transformer before a model",
    tree: { name: "t", act: plus(1, "transform-input"), children: [model("m", 2)] },
    row: [1, 2],
    want: [4, 6],
    calls: { t: 1, m: 1 },
  },
  {
    name: "an output transformer behind a model",
    tree: { name: "o", act: plus(1, "transform-output"), children: [model("m", 2)] },
    row: [1, 2],
    want: [3, 5],
    calls: { o: 1, m: 1 },
  },
  {
    name: "a model behind a model behind a model",
    tree: { ...model("a", 2), children: [{ ...model("b", 3), children: [model("c", 5)] }] },
    row: [1],
    want: [30],
    calls: { a: 1, b: 1, c: 1 },
  },
  ...[0, 1].map((child) => ({
    name: `a router to child ${child}`,
    tree: { name: "r", act: routeTo(child), children: pair },
    row: [1, 2],
    want: child === 0 ? [2, 4] : [3, 6],
    calls: { r: 1, a: 1 - child, b: child },
    route: `r=${child}`,
  })),
  {
    name: "a router to all children",
    tree: { name: "r", act: routeTo(-1), children: pair },
    row: [1, 2],
    want: [2, 4],
    calls: { r: 1, a: 1, b: 1 },
    route: "r=-1",
  },
  ...["1", "0"].map((share, child) => ({
    name: `RANDOM_ABTEST with ratioA ${share}`,
    tree: { name: "ab", unit: ratio(share), children: pair },
    row: [1, 2],
    want: child === 0 ? [2, 4] : [3, 6],
    calls: { a: 1 - child, b: child },
    route: `ab=${child}`,
  })),
  {
    name: "SIMPLE_ROUTER",
    tree: { name: "s", unit: builtIn("SIMPLE_ROUTER"), children: pair },
    row: [1, 2],
    want: [2, 4],
    calls: { a: 1, b: 0 },
    route: "s=0",
  },
  {
    name: "a combiner",
    tree: { name: "c", act: weigh, children: pair },
    row: [1, 2],
    want: [32, 64],
    calls: { c: 1, a: 1, b: 1 },
  },
  {
    name: "AVERAGE_COMBINER",
    tree: { name: "c", unit: builtIn("AVERAGE_COMBINER"), children: pair },
    row: [1, 2],
    want: [2.5, 5],
    calls: { a: 1, b: 1 },
  },
  {
    name: "SIMPLE_MODEL",
    tree: { name: "m", unit: builtIn("SIMPLE_MODEL") },
    row: [1, 2],
    want: [0.1, 0.9, 0.5],
    calls: {},
  },
  {
    name: "all kinds in one graph",
    tree: {
      name: "o",
      act: plus(1, "transform-output"),
      children: [
        {
          name: "t",
          act: plus(2, "transform-input"),
          children: [
            {
              name: "r",
              act: routeTo(1),
              children: [
                model("not", 100),
                {
                  name: "c",
                  act: weigh,
                  children: [
                    { name: "v", unit: builtIn("AVERAGE_COMBINER"), children: pair },
                    { name: "ab", unit: ratio("0"), children: [model("nor", 100), model("d", 7)] },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
    row: [0, 2],
    want: [2 * 2.5 + 10 * 2 * 7 + 1, 4 * 2.5 + 10 * 4 * 7 + 1],
    calls: { o: 1, t: 1, r: 1, not: 0, c: 1, a: 1, b: 1, nor: 0, d: 1 },
    route: "r=1,ab=1",
  },
];

/** What a protocol has no place for. Source: engine contract, 3.4. */
const tellsNoRoute = new Set(["tensorflow over gRPC"]);

const tried = dialects.flatMap((dialect) =>
  cases.map((one) => ({ ...one, dialect, where: dialect.name })),
);

describe("a graph of containers and built-in nodes", () => {
  it.each<Case & { readonly dialect: Dialect; readonly where: string }>(tried)(
    "answers over $where: $name",
    async ({ dialect, tree, row, want, calls, route }) => {
      const grown = await grow(later, dialect, tree);
      const { protocol } = dialect;
      const engine = await openEngine(later, grown.unit, { protocol });
      const told = tellsNoRoute.has(dialect.name) ? undefined : route;
      expect(await dialect.predict(later, engine, row)).toEqual({ row: want, route: told });
      expect(grown.calls()).toEqual(calls);
    },
  );
});
