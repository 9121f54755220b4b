/** Which events a node's messages make: the whole way from a plan to the walk. */
import { describe, expect, it } from "@jest/globals";
import type { PlanUnit } from "../../../api/plan.ts";
import { makeEngine } from "../../../runtime/engine/engine.ts";
import type { Hear } from "../../../runtime/engine/node.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { makeGraph, type NodeClient } from "../../../runtime/graph.ts";
import type { NodeLog } from "../../../runtime/payload-log/node-log.ts";
import type { Codec } from "../../../runtime/protocol/protocol.ts";
import { makeSeldonRest } from "../../../runtime/protocol/seldon-rest.ts";
import { builtInsOf } from "../built-ins.ts";
import {
  calling,
  heard,
  makeCall,
  payload,
  predicted as predictedBy,
  textOf,
} from "../engine/walk.ts";
import { unit } from "./fixture.ts";

/** Messages are words; chaining marks them, so that it shows in what is logged. */
const codec: Codec = {
  ...makeSeldonRest(0).codec,
  chain: (message, model) => payload(`${textOf(message)}>${model}`),
  join: (answers) => payload(answers.map(textOf).join("+")),
  route: (answer) => Number(textOf(answer)),
  feedbackRoutes: () => () => -1,
  record: (message) => message,
  view: () => ({ shape: [1], values: [1], names: [] }),
  write: (_, like) => payload(`${like.map(textOf).join("&")}|built-in`),
};

type Script = { readonly routes?: Readonly<Record<string, string>>; readonly fails?: string };

const clientOf =
  ({ routes = {}, fails }: Script) =>
  ({ name }: PlanUnit): NodeClient<unknown> => ({
    call: calling(async (verb, message) => {
      if (`${name}.${verb}` === fails) throw new EngineError("NODE_STATUS", "fails");
      if (verb === "route") return payload(routes[name] ?? "0");
      return payload(`${message === undefined ? "" : textOf(message)}|${name}`);
    }),
  });

/** Everything that is heard of units with a logger, as `node kind message`. */
const play = (graph: PlanUnit, script: Script = {}) => {
  const events: string[] = [];
  const hear =
    (name: string, kind: string): Hear =>
    (message) => {
      events.push(`${name} ${kind} ${textOf(message)}`);
    };
  const nodeLog = ({ name, logger }: PlanUnit): NodeLog | undefined =>
    logger && {
      request: hear(name, "request"),
      response: hear(name, "response"),
      feedback: hear(name, "feedback"),
    };
  const plan = { name: "p", graph, version: "", labels: {}, images: {} };
  const remote = (one: PlanUnit) => (one.implementation ? undefined : clientOf(script)(one));
  const { root } = makeGraph<unknown>({ plan, codec, ...builtInsOf(plan), remote, nodeLog });
  return { events, engine: makeEngine(root, undefined) };
};

const predicted = async (graph: PlanUnit, script?: Script): Promise<readonly string[]> => {
  const { events, engine } = play(graph, script);
  await predictedBy(engine, payload("x"), makeCall()).catch((thrown: EngineError) => {
    events.push(thrown.code);
  });
  return events;
};

const logger = { mode: "all" };
const leaf = (name: string) => unit(name, { type: "MODEL" });
const two = [leaf("a"), leaf("b")];

describe("makeGraph with a log", () => {
  it.each([
    {
      name: "a model",
      graph: unit("n", { logger, type: "MODEL" }),
      want: ["n request x>n", "n response x>n|n"],
    },
    {
      name: "a model with children",
      graph: unit("n", { logger, type: "MODEL", children: [leaf("a")] }),
      want: ["n request x>n", "n response x>n|n"],
    },
    {
      name: "a transformer",
      graph: unit("n", { logger, type: "TRANSFORMER", children: [leaf("a")] }),
      want: ["n request x>n", "n response x>n|n"],
    },
    {
      name: "an output transformer",
      graph: unit("n", { logger, type: "OUTPUT_TRANSFORMER", children: [leaf("a")] }),
      want: ["n request x>a|a>n", "n response x>a|a>n|n"],
    },
    {
      name: "a node that transforms on both ways: each call",
      graph: unit("n", {
        logger,
        methods: ["TRANSFORM_INPUT", "TRANSFORM_OUTPUT"],
        children: [leaf("a")],
      }),
      want: [
        ...["n request x>n", "n response x>n|n"],
        ...["n request x>n|n>a|a>n", "n response x>n|n>a|a>n|n"],
      ],
    },
    {
      name: "a combiner: what its children get, and the combined answer",
      graph: unit("n", { logger, type: "COMBINER", children: two }),
      want: ["n request x", "n response x>a|a+x>b|b|n"],
    },
    {
      name: "a combiner that transforms its input: each call",
      graph: unit("n", { logger, type: "COMBINER", methods: ["TRANSFORM_INPUT"], children: two }),
      want: [
        ...["n request x>n", "n response x>n|n"],
        ...["n request x>n|n", "n response x>n|n>a|a+x>n|n>b|b|n"],
      ],
    },
    {
      name: "a router: what passes it",
      graph: unit("n", { logger, type: "ROUTER", children: two }),
      want: ["n request x", "n response x>a|a"],
    },
    {
      name: "a router that transforms: its call alone",
      graph: unit("n", { logger, type: "ROUTER", methods: ["TRANSFORM_OUTPUT"], children: two }),
      want: ["n request x>a|a>n", "n response x>a|a>n|n"],
    },
    {
      name: "a node that does nothing but have children",
      graph: unit("n", { logger, children: two }),
      want: ["n request x", "n response x>a|a"],
    },
    {
      name: "a built-in model",
      graph: unit("n", { logger, implementation: "SIMPLE_MODEL" }),
      want: ["n request x", "n response x|built-in"],
    },
    {
      name: "a built-in combiner",
      graph: unit("n", { logger, implementation: "AVERAGE_COMBINER", children: two }),
      want: ["n request x", "n response x>a|a&x>b|b|built-in"],
    },
    {
      name: "a built-in router",
      graph: unit("n", { logger, implementation: "RANDOM_ABTEST", children: two }),
      want: ["n request x", "n response x>a|a"],
    },
    {
      name: "nothing of a router without children",
      graph: unit("n", { logger, type: "ROUTER" }),
      want: [],
    },
    {
      name: "nothing without a logger",
      graph: unit("n", { type: "COMBINER", children: two }),
      want: [],
    },
    {
      name: "each node by itself",
      graph: unit("n", {
        logger,
        type: "ROUTER",
        children: [unit("a", { logger, type: "MODEL" }), unit("b", { logger, type: "MODEL" })],
      }),
      want: ["n request x", "a request x>a", "a response x>a|a", "n response x>a|a"],
    },
  ])("logs $name", async ({ graph, want }) => {
    expect(await predicted(graph)).toEqual(want);
  });

  it.each([
    {
      name: "a model that fails",
      graph: unit("n", { logger, type: "MODEL" }),
      script: { fails: "n.predict" },
      want: ["n request x>n", "NODE_STATUS"],
    },
    {
      name: "a combiner that fails",
      graph: unit("n", { logger, type: "COMBINER", children: two }),
      script: { fails: "n.aggregate" },
      want: ["n request x", "NODE_STATUS"],
    },
    {
      name: "a router whose child fails",
      graph: unit("n", { logger, type: "ROUTER", children: two }),
      script: { fails: "a.predict" },
      want: ["n request x", "NODE_STATUS"],
    },
    {
      name: "a router that fails",
      graph: unit("n", { logger, type: "ROUTER", children: two }),
      script: { fails: "n.route" },
      want: ["n request x", "NODE_STATUS"],
    },
    {
      name: "a router that calls no child",
      graph: unit("n", { logger, type: "ROUTER", children: two }),
      script: { routes: { n: "-2" } },
      want: ["n request x"],
    },
    {
      name: "a combiner that calls no child",
      graph: unit("n", { logger, type: "COMBINER", methods: ["ROUTE"], children: two }),
      script: { routes: { n: "-2" } },
      want: ["n request x"],
    },
  ])("logs only the request of $name", async ({ graph, script, want }) => {
    expect(await predicted(graph, script)).toEqual(want);
  });

  it("logs feedback of every node it passes, before its children, whether the node takes it or not", async () => {
    const graph = unit("n", {
      logger,
      type: "COMBINER",
      children: [unit("a", { logger, type: "MODEL" }), leaf("b")],
    });
    const { events, engine } = play(graph);
    await heard(engine, payload("f"), makeCall(), () => -1);
    expect(events).toEqual(["n feedback f", "a feedback f"]);
  });

  it("logs feedback that goes to no child", async () => {
    const { events, engine } = play(unit("n", { logger, type: "ROUTER", children: two }));
    await heard(engine, payload("f"), makeCall(), () => -2);
    expect(events).toEqual(["n feedback f"]);
  });
});
