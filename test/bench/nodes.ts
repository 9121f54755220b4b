/**
 * `npm run bench:nodes`: the CPU time that each built-in node adds to a request, and to feedback.
 *
 * A whole graph is walked in this process, from the bytes of a request to those of its answer, with
 * no socket; what the same graph costs without the node is taken off. docs/performance.md says more.
 */
import { readFileSync } from "node:fs";
import { builtInNames } from "../../api/built-ins/all.ts";
import { decodePlan, encodePlan, type UnitSource } from "../../api/plan.ts";
import { loadBuiltIns, makeBuiltIns } from "../../runtime/built-ins.ts";
import { promised } from "../../runtime/done.ts";
import type { Call } from "../../runtime/engine/call.ts";
import { makeEngine } from "../../runtime/engine/engine.ts";
import { makeGraph } from "../../runtime/graph.ts";
import { makeMemoryStore } from "../../runtime/nodes/store/memory.ts";
import type { Payload } from "../../runtime/payload.ts";
import { makeSeldonJson } from "../../runtime/protocol/seldon-json.ts";
import { seldonProto } from "../../runtime/protocol/seldon-proto.ts";
import { makeScope } from "../../runtime/scope.ts";
import { encode } from "../runtime/protocol/messages.ts";

const reference = new URL("../runtime/nodes/reference/reference.json", import.meta.url);
type Forest = { readonly model: object; readonly rows: readonly (readonly number[])[] };
/** Trained by scikit-learn on measurements of wines. */
const [forest]: readonly (Forest | undefined)[] = JSON.parse(
  readFileSync(reference, "utf8"),
).forests;
if (forest === undefined) throw new Error("the reference has no forest");

const columns = forest.rows[0]?.length ?? 0;
const rounds = 7;
const perRound = 3000;

type Node = { readonly parameters?: Readonly<Record<string, unknown>>; readonly type?: string };

const each = (value: number): string => new Array(columns).fill(value).join();

/** What a node needs to work on such rows. */
const nodes: Readonly<Record<string, Node>> = {
  RANDOM_ABTEST: { parameters: { ratioA: 0.5 } },
  LINUCB: { parameters: { n_features: columns } },
  ISOLATION_FOREST_DETECTOR: { parameters: { model: JSON.stringify(forest.model) } },
  MIN_MAX_SCALER: { parameters: { data_min: each(0), data_max: each(1) } },
  STANDARD_SCALER: { parameters: { mean: each(0), scale: each(2) } },
  ONE_HOT_ENCODER: {
    parameters: { categories: "[[0,1]]", columns: "0", handle_unknown: "ignore" },
  },
  SCHEMA_VALIDATOR: { parameters: { schema: '{"type":"object","required":["data"]}' } },
};

const model = (name: string): UnitSource => ({ name, implementation: "SIMPLE_MODEL" });

const graphOf = (implementation: string): UnitSource => ({
  name: "n",
  implementation,
  type: nodes[implementation]?.type,
  parameters: Object.entries(nodes[implementation]?.parameters ?? {}).map(([name, value]) => ({
    name,
    value: String(value),
    type: "STRING",
  })),
  children: implementation === "SIMPLE_MODEL" ? [] : [model("a"), model("b")],
});

/** Both models are called where nobody chooses. */
const without: UnitSource = { name: "n", children: [model("a"), model("b")] };
const chosen: UnitSource = {
  name: "n",
  implementation: "SIMPLE_ROUTER",
  children: [model("a"), model("b")],
};

type Side = { readonly name: string; readonly request: Payload; readonly feedback: Payload };

const rowsOf = (count: number): readonly (readonly number[])[] =>
  Array.from({ length: count }, (_, i) => forest.rows[i % forest.rows.length] ?? []);

const json = (value: object): Payload => ({
  body: Buffer.from(JSON.stringify(value)),
  contentType: "application/json",
  contentEncoding: undefined,
});
const proto = (message: string, value: object): Payload => ({
  body: encode(message, value),
  contentType: undefined,
  contentEncoding: undefined,
  message,
});

const restSide = (rows: number): Side => {
  const request = { data: { ndarray: rowsOf(rows) } };
  return {
    name: `REST, ${rows} row${rows === 1 ? "" : "s"}`,
    request: json(request),
    feedback: json({ request, response: { meta: { routing: { n: 0 } } }, reward: 1 }),
  };
};
const grpcSide = (rows: number): Side => {
  const request = {
    data: { tensor: { shape: [rows, columns], values: rowsOf(rows).flat() } },
  };
  const feedback = { request, response: { meta: { routing: { n: 0 } } }, reward: 1 };
  return {
    name: `gRPC, ${rows} row${rows === 1 ? "" : "s"}`,
    request: proto("seldon.protos.SeldonMessage", request),
    feedback: proto("seldon.protos.Feedback", feedback),
  };
};

const runnable = async (graph: UnitSource, codec: typeof seldonProto) => {
  const decoded = decodePlan(encodePlan({ name: "bench", graph }));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.issues));
  const plan = decoded.value;
  const store = makeMemoryStore(Date.now);
  const means = { random: Math.random, now: Date.now, store };
  const builtIns = makeBuiltIns(plan, await loadBuiltIns(plan), means);
  const made = makeGraph({
    plan,
    codec,
    builtIns,
    headerOf: () => undefined,
    remote: () => undefined,
  });
  return { engine: makeEngine(made.root, undefined), graph: made };
};

let requests = 0;
const callOf = (): Call => {
  requests += 1;
  return {
    id: `r${requests}`,
    carried: undefined,
    modelName: undefined,
    scope: makeScope(),
    routes: new Map(),
  };
};

/** Microseconds of CPU time for one: the median over the rounds, after one that does not count. */
const cpuOf = async (work: () => Promise<unknown>): Promise<number> => {
  const found: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const before = process.cpuUsage();
    for (let i = 0; i < perRound; i += 1) await work();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) found.push((user + system) / perRound);
  }
  return found.toSorted((one, other) => one - other)[Math.floor(rounds / 2)] ?? Number.NaN;
};

type Cost = { readonly request: number; readonly feedback: number | undefined };

const costOf = async (graph: UnitSource, { request, feedback }: Side): Promise<Cost> => {
  const codec = request.message === undefined ? makeSeldonJson(1_000_000) : seldonProto;
  const { engine, graph: made } = await runnable(graph, codec);
  return {
    request: await cpuOf(() => promised((done) => engine.predict(request, callOf(), done))),
    feedback: made.learns
      ? await cpuOf(() =>
          promised((done) =>
            engine.feedback(feedback, callOf(), { routes: made.feedbackRoutes(feedback), done }),
          ),
        )
      : undefined,
  };
};

const chooses = new Set([
  "RANDOM_ABTEST",
  "EPSILON_GREEDY",
  "THOMPSON_SAMPLING",
  "UCB1",
  "EXP3",
  "LINUCB",
]);

const sides = [restSide(1), restSide(32), grpcSide(1), grpcSide(32)];
const cell = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(1));

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const bases = new Map<Side, { readonly all: number; readonly one: number }>();
for (const side of sides) {
  const [all, one] = [await costOf(without, side), await costOf(chosen, side)];
  bases.set(side, { all: all.request, one: one.request });
}
say(`| node | ${sides.map(({ name }) => name).join(" | ")} | feedback, REST |`);
say(`| --- | ${sides.map(() => "--:").join(" | ")} | --: |`);
for (const implementation of builtInNames) {
  if (implementation === "SIMPLE_MODEL" || implementation === "SIMPLE_ROUTER") continue;
  const costs: Cost[] = [];
  for (const side of sides) costs.push(await costOf(graphOf(implementation), side));
  const net = costs.map(({ request }, i) => {
    const base = bases.get(sides[i] ?? restSide(1));
    return request - ((chooses.has(implementation) ? base?.one : base?.all) ?? 0);
  });
  say(`| \`${implementation}\` | ${net.map(cell).join(" | ")} | ${cell(costs[0]?.feedback)} |`);
}
