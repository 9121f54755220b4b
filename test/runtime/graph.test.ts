import { describe, expect, it } from "@jest/globals";
import type { PlanUnit } from "../../api/plan.ts";
import { makeEngine } from "../../runtime/engine/engine.ts";
import { EngineError } from "../../runtime/errors.ts";
import { makeGraph, preorder } from "../../runtime/graph.ts";
import { makeSeldonJson } from "../../runtime/protocol/seldon-json.ts";
import { unitAnswer } from "../../runtime/unit-answer.ts";
import { builtInsOf } from "./built-ins.ts";
import {
  calling,
  heard,
  type Journal,
  makeCall,
  payload,
  predicted,
  textOf,
} from "./engine/walk.ts";
import { planOf, unit } from "./plan.ts";

const codec = makeSeldonJson(1_000_000);

type Script = { readonly [unitAndVerb: string]: string | EngineError };

/** A graph whose containers append `unit.verb`, or say what the script wants. */
const graphOf = (graph: Partial<PlanUnit>, script: Script = {}, draws: readonly number[] = []) => {
  const journal: Journal = [];
  const random = draws.values();
  const plan = planOf(graph);
  const made = makeGraph({
    plan,
    codec,
    ...builtInsOf(plan, () => random.next().value ?? 0),
    remote: ({ name, endpoint }) =>
      endpoint && {
        call: calling(async (verb, message) => {
          const what = `${name}.${verb}`;
          journal.push(what);
          const scripted = script[what];
          if (scripted instanceof EngineError) throw scripted;
          return payload(scripted ?? `${message === undefined ? "" : textOf(message)} ${what}`);
        }),
      },
  });
  return { graph: made, journal };
};

const at = { service_host: "h", httpPort: 1 };

const predict = async (graph: Partial<PlanUnit>, script?: Script, draws?: readonly number[]) => {
  const made = graphOf(graph, script, draws);
  const call = makeCall();
  const answer = await predicted(makeEngine(made.graph.root, undefined), payload("m"), call).then(
    textOf,
    (error) => (error instanceof EngineError ? error.code : error),
  );
  return { ...made, answer, routes: Object.fromEntries(call.routes) };
};

const child = (name: string, over: Partial<PlanUnit> = {}): PlanUnit =>
  unit({ name, type: "MODEL", endpoint: at, ...over });

describe("makeGraph", () => {
  const combined = { "n.aggregate": "agg", "n.route": "[0]" };
  it.each([
    { name: "MODEL", plan: { type: "MODEL" }, calls: ["n.predict", "c.predict"] },
    {
      name: "TRANSFORMER",
      plan: { type: "TRANSFORMER" },
      calls: ["n.transform-input", "c.predict"],
    },
    { name: "ROUTER", plan: { type: "ROUTER" }, calls: ["n.route", "c.predict"] },
    { name: "COMBINER", plan: { type: "COMBINER" }, calls: ["c.predict", "n.aggregate"] },
    {
      name: "OUTPUT_TRANSFORMER",
      plan: { type: "OUTPUT_TRANSFORMER" },
      calls: ["c.predict", "n.transform-output"],
    },
    { name: "no type", plan: {}, calls: ["c.predict"] },
    { name: "UNKNOWN_TYPE", plan: { type: "UNKNOWN_TYPE" }, calls: ["c.predict"] },
    {
      name: "MODEL that transforms its input",
      plan: { type: "MODEL", methods: ["TRANSFORM_INPUT"] },
      calls: ["n.transform-input", "c.predict"],
    },
    {
      name: "every method",
      plan: { methods: ["TRANSFORM_INPUT", "TRANSFORM_OUTPUT", "ROUTE", "AGGREGATE"] },
      calls: ["n.transform-input", "n.route", "c.predict", "n.aggregate", "n.transform-output"],
    },
    {
      name: "a method beside a type",
      plan: { type: "MODEL", methods: ["AGGREGATE"] },
      calls: ["n.predict", "c.predict", "n.aggregate"],
    },
    { name: "a method nobody knows", plan: { methods: ["FLY"] }, calls: ["c.predict"] },
    {
      name: "a prepackaged server",
      plan: { type: "MODEL", implementation: "SKLEARN_SERVER" },
      calls: ["n.predict", "c.predict"],
    },
  ])("calls a unit of $name", async ({ plan, calls }) => {
    const { journal } = await predict(
      { ...plan, endpoint: at, children: [child("c")] },
      { ...combined, "c.predict": "{}" },
    );
    expect(journal).toEqual(calls);
  });

  it.each([
    { plan: { type: "MODEL" }, called: true },
    { plan: { type: "ROUTER" }, called: true },
    { plan: { type: "TRANSFORMER" }, called: false },
    { plan: { type: "COMBINER" }, called: false },
    { plan: { type: "OUTPUT_TRANSFORMER" }, called: false },
    { plan: { type: "TRANSFORMER", methods: ["SEND_FEEDBACK"] }, called: true },
    { plan: {}, called: false },
  ])("sends feedback to $plan: $called", async ({ plan, called }) => {
    const { graph, journal } = graphOf({ ...plan, endpoint: at });
    const engine = makeEngine(graph.root, undefined);
    const answer = await heard(engine, payload("f"), makeCall(), () => -1);
    expect(journal).toEqual(called ? ["n.send-feedback"] : []);
    expect(textOf(answer)).toBe(called ? "f n.send-feedback" : "f");
  });

  it("says that a unit has no endpoint only when it is called", async () => {
    const { answer } = await predict({ children: [child("c"), unit({ name: "d" })] });
    expect(answer).toBe("m c.predict");
    const missing = await predict({ children: [child("c"), child("d", { endpoint: {} })] });
    expect(missing.answer).toBe("m c.predict"); // our fake has an endpoint for {}
    const none = graphOf({ type: "MODEL" });
    await expect(
      predicted(makeEngine(none.graph.root, undefined), payload("m"), makeCall()),
    ).rejects.toMatchObject({ code: "NODE_WITHOUT_ENDPOINT" });
  });

  it("gives a failed router's status to the client, and not its body", async () => {
    const answer = { ...payload("secret"), status: 418 };
    const error = new EngineError("NODE_STATUS", "x", { answer });
    const { graph } = graphOf(
      { type: "ROUTER", endpoint: at, children: [child("c")] },
      { "n.route": error },
    );
    const engine = makeEngine(graph.root, undefined);
    const thrown = await predicted(engine, payload("m"), makeCall()).catch((one) => one);
    expect(thrown).toMatchObject({ code: "NODE_STATUS", status: 418, answer: undefined });
  });

  it.each([
    { reply: "[2]", code: "ROUTE_MISSING" },
    { reply: "[-3]", code: "ROUTE_UNREADABLE" },
    { reply: "{}", code: "ROUTE_UNREADABLE" },
  ])("refuses a router's $reply of two children", async ({ reply, code }) => {
    const { answer } = await predict(
      { type: "ROUTER", endpoint: at, children: [child("c"), child("d")] },
      { "n.route": reply },
    );
    expect(answer).toBe(code);
  });

  it("refuses to combine what is no JSON", async () => {
    const { answer } = await predict({ type: "COMBINER", endpoint: at, children: [child("c")] });
    expect(answer).toBe("MESSAGE_UNREADABLE");
  });

  it("knows the nodes that choose, in the order of the walk, and whether they vary", () => {
    const { graph } = graphOf({
      name: "ab",
      implementation: "RANDOM_ABTEST",
      children: [
        unit({ name: "x", type: "ROUTER", children: [child("y")] }),
        unit({ name: "z", implementation: "SIMPLE_ROUTER", children: [child("w")] }),
        unit({ name: "leaf", type: "ROUTER" }),
      ],
    });
    expect([graph.routers, graph.routeVaries]).toEqual([["ab", "x", "z"], true]);
    expect(preorder(graph.units).map(({ plan }) => plan.name)).toEqual([
      ...["ab", "x", "y", "z", "w", "leaf"],
    ]);
    const fixed = graphOf({ implementation: "SIMPLE_ROUTER", children: [child("c")] }).graph;
    expect([fixed.routers, fixed.routeVaries]).toEqual([["n"], false]);
    const chain = graphOf({ type: "MODEL", children: [child("c")] }).graph;
    expect([chain.routers, chain.routeVaries]).toEqual([[], false]);
  });

  it.each([
    { plan: { type: "MODEL" }, single: true },
    { plan: { type: "MODEL", methods: ["SEND_FEEDBACK"] }, single: true },
    { plan: { type: "MODEL", methods: ["TRANSFORM_INPUT"] }, single: false },
    { plan: { type: "MODEL", methods: ["TRANSFORM_OUTPUT"] }, single: false },
    { plan: { type: "TRANSFORMER" }, single: false },
    { plan: { type: "MODEL", children: [child("c")] }, single: false },
  ])("sees a single model in $plan: $single", ({ plan, single }) => {
    expect(graphOf(plan).graph.isSingleModel).toBe(single);
  });
});

describe("makeGraph with built-in nodes", () => {
  it("splits by RANDOM_ABTEST and records it", async () => {
    const ab = {
      implementation: "RANDOM_ABTEST",
      parameters: [{ name: "ratioA", value: "0.3" }],
      children: [child("a"), child("b")],
    };
    const first = await predict(ab, {}, [0.2]);
    expect([first.answer, first.routes]).toEqual(["m a.predict", { n: 0, a: -1 }]);
    const second = await predict(ab, {}, [0.4]);
    expect([second.answer, second.routes]).toEqual(["m b.predict", { n: 1, b: -1 }]);
  });

  it("takes RANDOM_ABTEST of type ROUTER for the built-in only without an endpoint", async () => {
    const ab = {
      type: "ROUTER",
      implementation: "RANDOM_ABTEST",
      children: [child("a"), child("b")],
    };
    expect((await predict(ab, {}, [0.9])).journal).toEqual(["b.predict"]);
    const asked = await predict({ ...ab, endpoint: at }, { "n.route": "[0]" }, [0.9]);
    expect(asked.journal).toEqual(["n.route", "a.predict"]);
  });

  it("refuses a malformed ratioA when a request comes", async () => {
    const { answer } = await predict({
      implementation: "RANDOM_ABTEST",
      parameters: [{ name: "ratioA", value: "x" }],
      children: [child("a"), child("b")],
    });
    expect(answer).toBe("PARAMETER_INVALID");
  });

  it("routes by SIMPLE_ROUTER to the first child", async () => {
    const { journal, routes } = await predict({
      implementation: "SIMPLE_ROUTER",
      type: "ROUTER",
      children: [child("a"), child("b")],
    });
    expect([journal, routes]).toEqual([["a.predict"], { n: 0, a: -1 }]);
  });

  it("answers by SIMPLE_MODEL, and to feedback with it", async () => {
    const { answer, graph } = await predict({ implementation: "SIMPLE_MODEL", type: "MODEL" });
    expect(JSON.parse(answer).data).toEqual({
      names: ["class0", "class1", "class2"],
      tensor: { shape: [1, 3], values: [0.1, 0.9, 0.5] },
    });
    const engine = makeEngine(graph.root, undefined);
    expect(textOf(await heard(engine, payload("f"), makeCall(), () => -1))).toBe("f");
  });

  it("averages by AVERAGE_COMBINER, and refuses what it cannot", async () => {
    const plan = {
      implementation: "AVERAGE_COMBINER",
      type: "COMBINER",
      children: [child("a"), child("b")],
    };
    const { answer } = await predict(plan, {
      "a.predict": '{"data":{"ndarray":[[1,2]]}}',
      "b.predict": '{"data":{"tensor":{"shape":[1,2],"values":[3,5]}}}',
    });
    expect(JSON.parse(answer).data).toEqual({ ndarray: [[2, 3.5]] });
    expect((await predict(plan)).answer).toBe("PAYLOAD_UNFIT");
  });
});

describe("makeGraph with routers that learn", () => {
  const bandit = {
    implementation: "EPSILON_GREEDY",
    parameters: [
      { name: "epsilon", value: "0" },
      { name: "best_branch", value: "1" },
    ],
    children: [child("a"), child("b")],
  };

  it.each([
    { name: "by themselves", plan: bandit, learns: true },
    { name: "beside a container of no type", plan: { ...bandit, endpoint: at }, learns: true },
    {
      name: "whose container routes",
      plan: { ...bandit, type: "ROUTER", endpoint: at },
      learns: false,
    },
    { name: "that never do", plan: { ...bandit, implementation: "RANDOM_ABTEST" }, learns: false },
  ])("knows them: $name", ({ plan, learns }) => {
    expect(graphOf(plan).graph.learns).toBe(learns);
  });

  it.each([{ endpoint: undefined }, { endpoint: at }])(
    "sends feedback the way that the id says, with endpoint $endpoint",
    async ({ endpoint }) => {
      const { graph, journal } = graphOf({ ...bandit, ...(endpoint && { endpoint }) });
      const engine = makeEngine(graph.root, undefined);
      await predicted(engine, payload("m"), makeCall());
      const told = payload('{"reward":1}');
      await heard(engine, told, makeCall(), graph.feedbackRoutes(told));
      expect(journal).toEqual(["b.predict", "b.send-feedback"]);
    },
  );
});

describe("unitAnswer", () => {
  const { graph, journal } = graphOf({
    implementation: "SIMPLE_ROUTER",
    children: [child("c"), unit({ name: "nowhere" }), child("c", { type: "OTHER" })],
  });
  const speaking = { graph, protocol: { healthy: (name: string) => ({ fine: name }) } };
  const ask = (name: string, verb: "status" | "metadata") =>
    unitAnswer(speaking, name, verb, makeCall()).then(textOf);

  it("asks the first container of that name", async () => {
    expect(await ask("c", "status")).toBe(" c.status");
    expect(await ask("c", "metadata")).toBe(" c.metadata");
    expect(journal).toEqual(["c.status", "c.metadata"]);
  });

  it("lets built-in nodes speak for themselves", async () => {
    expect(JSON.parse(await ask("n", "status"))).toEqual({ fine: "n" });
    expect(JSON.parse(await ask("n", "metadata"))).toEqual({
      name: "n",
      platform: "espalier",
      versions: ["SIMPLE_ROUTER"],
      inputs: [],
      outputs: [],
      custom: { kind: "router" },
    });
  });

  it("does not know other names, nor where to ask a unit without endpoint", async () => {
    await expect(ask("who", "status")).rejects.toThrow("Failed to find model who");
    await expect(ask("nowhere", "status")).rejects.toMatchObject({ code: "NODE_WITHOUT_ENDPOINT" });
  });
});
