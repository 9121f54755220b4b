import { afterEach, describe, expect, it, jest } from "@jest/globals";
import type { Call } from "../../../runtime/engine/call.ts";
import { type Engine, makeEngine, type Record } from "../../../runtime/engine/engine.ts";
import type { Node } from "../../../runtime/engine/node.ts";
import { EngineError } from "../../../runtime/errors.ts";
import type { Payload } from "../../../runtime/payload.ts";
import { cancel, onCancel } from "../../../runtime/scope.ts";
import { listenersOf } from "../listeners.ts";
import { turns } from "../sockets.ts";
import {
  failing,
  heard,
  type Journal,
  makeCall,
  node,
  payload,
  predicted,
  type Script,
  step,
  textOf,
} from "./walk.ts";

const predict = async (root: Node, call: Call = makeCall(), record?: Record): Promise<string> =>
  textOf(await predicted(makeEngine(root, record), payload("m"), call));

const codeOf = async (answer: Promise<unknown>): Promise<unknown> => {
  try {
    return await answer;
  } catch (error) {
    return error instanceof EngineError ? error.code : error;
  }
};

/** A model that logs itself. */
const model = (journal: Journal, name: string, over: Script = {}): Node =>
  node(name, { input: step(journal, name), ...over });

const join = (journal: Journal, name: string) => async (answers: readonly Payload[]) => {
  journal.push(`${name}<${answers.map(textOf).join("+")}`);
  return payload(`(${answers.map(textOf).join("+")}) ${name}`);
};

type Row = {
  readonly name: string;
  readonly graph: (journal: Journal) => Node;
  readonly answer: string;
  readonly journal: Journal;
  readonly routes: { readonly [node: string]: number };
};

const rows: readonly Row[] = [
  {
    name: "a node without steps passes the message through",
    graph: () => node("n"),
    answer: "m",
    journal: [],
    routes: {},
  },
  {
    name: "a model answers",
    graph: (journal) => model(journal, "a"),
    answer: "m a",
    journal: ["a<m"],
    routes: { a: -1 },
  },
  {
    name: "a chain passes each answer on",
    graph: (journal) =>
      model(journal, "a", { children: [model(journal, "b", { children: [model(journal, "c")] })] }),
    answer: "m a b c",
    journal: ["a<m", "b<m a", "c<m a b"],
    routes: { a: -1, b: -1, c: -1 },
  },
  {
    name: "a node with every step runs them in order",
    graph: (journal) =>
      node("n", {
        input: step(journal, "in"),
        route: (message) => {
          journal.push(`route<${textOf(message)}`);
          return 0;
        },
        children: [model(journal, "c")],
        aggregate: join(journal, "agg"),
        output: step(journal, "out"),
      }),
    answer: "(m in c) agg out",
    journal: ["in<m", "route<m in", "c<m in", "agg<m in c", "out<(m in c) agg"],
    routes: { n: 0, c: -1 },
  },
  {
    name: "without an aggregate the first of all children answers",
    graph: (journal) =>
      model(journal, "a", { children: [model(journal, "b"), model(journal, "c")] }),
    answer: "m a b",
    journal: ["a<m", "b<m a", "c<m a"],
    routes: { a: -1, b: -1, c: -1 },
  },
  {
    name: "answers are aggregated in the order of the children",
    graph: (journal) =>
      node("n", {
        children: [
          model(journal, "slow", {
            input: async (message) => {
              await new Promise((resolve) => setImmediate(resolve));
              return payload(`${textOf(message)} slow`);
            },
          }),
          model(journal, "b"),
        ],
        aggregate: join(journal, "agg"),
      }),
    answer: "(m slow+m b) agg",
    journal: ["b<m", "agg<m slow+m b"],
    routes: { n: -1, slow: -1, b: -1 },
  },
  {
    name: "-1 calls all children",
    graph: (journal) =>
      node("r", {
        route: () => -1,
        children: [model(journal, "a"), model(journal, "b")],
        aggregate: join(journal, "agg"),
      }),
    answer: "(m a+m b) agg",
    journal: ["a<m", "b<m", "agg<m a+m b"],
    routes: { r: -1, a: -1, b: -1 },
  },
  {
    name: "-2 calls neither children nor aggregate, but the output",
    graph: (journal) =>
      node("r", {
        input: step(journal, "in"),
        route: () => -2,
        children: [model(journal, "a")],
        aggregate: join(journal, "agg"),
        output: step(journal, "out"),
      }),
    answer: "m in out",
    journal: ["in<m", "out<m in"],
    routes: { r: -2 },
  },
  {
    name: "a route calls one child, and the aggregate with its answer alone",
    graph: (journal) =>
      node("r", {
        route: async () => 1,
        children: [model(journal, "a"), model(journal, "b")],
        aggregate: join(journal, "agg"),
      }),
    answer: "(m b) agg",
    journal: ["b<m", "agg<m b"],
    routes: { r: 1, b: -1 },
  },
  {
    name: "a leaf neither routes nor aggregates",
    graph: (journal) => node("leaf", { route: () => 7, aggregate: join(journal, "agg") }),
    answer: "m",
    journal: [],
    routes: {},
  },
  {
    name: "a router inside a router: each decision is recorded",
    graph: (journal) =>
      node("outer", {
        route: () => 1,
        children: [
          model(journal, "a"),
          node("inner", { route: () => 0, children: [model(journal, "b")] }),
        ],
      }),
    answer: "m b",
    journal: ["b<m"],
    routes: { outer: 1, inner: 0, b: -1 },
  },
  {
    name: "a leaf with an output step alone is not recorded",
    graph: (journal) => node("o", { output: step(journal, "out") }),
    answer: "m out",
    journal: ["out<m"],
    routes: {},
  },
];

describe("predict", () => {
  it.each(rows)("$name", async ({ graph, ...want }) => {
    const journal: Journal = [];
    const call = makeCall();
    const answer = await predict(graph(journal), call);
    expect({ answer, journal, routes: Object.fromEntries(call.routes) }).toEqual({
      answer: want.answer,
      journal: want.journal,
      routes: want.routes,
    });
  });

  it.each([2, 99, -3, 0.5, Number.NaN])("refuses route %d of two children", async (route) => {
    const journal: Journal = [];
    const children = [model(journal, "a"), model(journal, "b")];
    expect(await codeOf(predict(node("r", { route: () => route, children })))).toBe(
      "ROUTE_MISSING",
    );
    expect(journal).toEqual([]);
  });

  it("starts all children before any has answered", async () => {
    let waiting = 0;
    let open = (): void => {};
    const barrier = new Promise<void>((resolve) => {
      open = resolve;
    });
    const child = (name: string): Node =>
      node(name, {
        input: async () => {
          waiting += 1;
          if (waiting === 3) open();
          await barrier;
          return payload(name);
        },
      });
    const graph = node("n", {
      children: [child("a"), node("b", { children: [child("c"), child("d")] })],
      aggregate: async (answers) => payload(answers.map(textOf).join()),
    });
    expect(await predict(graph)).toBe("a,c");
  });

  it.each([
    { name: "the input", over: { input: failing("NODE_STATUS") } },
    { name: "the route", over: { route: failing("NODE_STATUS") } },
    { name: "a child", over: { children: [node("x", { input: failing("NODE_STATUS") })] } },
    { name: "the aggregate", over: { aggregate: failing("NODE_STATUS") } },
  ])("stops when $name fails", async ({ over }) => {
    const journal: Journal = [];
    const graph = node("n", {
      input: step(journal, "in"),
      route: () => -1,
      children: [model(journal, "c")],
      aggregate: join(journal, "agg"),
      output: step(journal, "out"),
      ...over,
    });
    expect(await codeOf(predict(graph))).toBe("NODE_STATUS");
    expect(journal.join()).not.toContain("out");
  });

  it("records at every node, what was taken so far", async () => {
    const seen: string[] = [];
    const record: Record = (message, routes) => {
      seen.push(`${textOf(message)} ${JSON.stringify(Object.fromEntries(routes))}`);
      return payload(`${textOf(message)}!`);
    };
    const graph = node("r", {
      route: () => 0,
      children: [model([], "a", { children: [model([], "b")] })],
      output: step([], "out"),
    });
    expect(await predict(graph, makeCall(), record)).toBe("m a b!! out!");
    expect(seen).toEqual([
      'm a b {"r":0,"a":-1,"b":-1}',
      'm a b! {"r":0,"a":-1,"b":-1}',
      'm a b!! out {"r":0,"a":-1,"b":-1}',
    ]);
  });

  it("does not record over an error of the output step", async () => {
    const graph = node("n", { output: failing("NODE_STATUS") });
    expect(await codeOf(predict(graph, makeCall(), (message) => message))).toBe("NODE_STATUS");
  });
});

/** Children that fail when told, or when their scope ends; what each heard. */
const branches = () => {
  const heard: { [name: string]: string } = {};
  const fail = new Map<string, (error: Error) => void>();
  const child = (name: string, over: Script = {}): Node =>
    node(name, {
      input: (_message, { scope }) =>
        new Promise((_resolve, reject) => {
          fail.set(name, reject);
          onCancel(scope, (reason) => {
            heard[name] = reason.code;
            reject(reason);
          });
        }),
      ...over,
    });
  return { heard, fail, child };
};

describe("predict with several branches, when one fails", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it("gives the others up and reports the failure, not their giving up", async () => {
    const { heard, fail, child } = branches();
    const call = makeCall();
    const answer = codeOf(
      predict(node("n", { children: [child("a"), child("b"), child("c")] }), call),
    );
    await turns(1);
    fail.get("b")?.(new EngineError("NODE_TIMEOUT", "b"));
    expect(await answer).toBe("NODE_TIMEOUT");
    expect(heard).toEqual({ a: "SIBLING_FAILED", c: "SIBLING_FAILED" });
    expect(call.scope).toMatchObject({ reason: undefined });
    expect(listenersOf(call.scope)).toBe(0);
  });

  it("reports the lowest of several that failed by themselves, in whatever order they fail", async () => {
    for (const order of [
      ["a", "b", "c"],
      ["c", "b", "a"],
    ]) {
      const codes: { [name: string]: "NODE_STATUS" | "NODE_TIMEOUT" | "NODE_PROTOCOL" } = {
        a: "NODE_STATUS",
        b: "NODE_TIMEOUT",
        c: "NODE_PROTOCOL",
      };
      const reject = new Map<string, (error: Error) => void>();
      const stubborn = (name: string): Node =>
        node(name, {
          input: () =>
            new Promise((_resolve, no) => {
              reject.set(name, no);
            }),
        });
      const graph = node("n", { children: ["a", "b", "c"].map(stubborn) });
      const answer = codeOf(predict(graph));
      await turns(1);
      for (const name of order) {
        reject.get(name)?.(new EngineError(codes[name] ?? "INTERNAL", name));
      }
      expect(await answer).toBe("NODE_STATUS");
    }
  });

  it("reports the lowest of several that fail at about the same time", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
    const { heard, fail, child } = branches();
    const answer = codeOf(predict(node("n", { children: [child("a"), child("b")] })));
    await turns(1);
    fail.get("b")?.(new EngineError("NODE_TIMEOUT", "b"));
    await turns(1);
    jest.advanceTimersByTime(99);
    fail.get("a")?.(new EngineError("NODE_STATUS", "a"));
    expect(await answer).toBe("NODE_STATUS");
    expect(heard).toEqual({});
  });

  it("waits for every branch before it answers", async () => {
    const { fail, child } = branches();
    let release = (): void => {};
    let ended = false;
    const slow = node("slow", {
      input: async () => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        ended = true;
        return payload("slow");
      },
    });
    const answer = codeOf(predict(node("n", { children: [child("a"), slow] })));
    await turns(1);
    fail.get("a")?.(new EngineError("NODE_STATUS", "a"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    release();
    expect(await answer).toBe("NODE_STATUS");
    expect(ended).toBe(true);
  });

  it("gives up branches of branches, and reports the failure at the top", async () => {
    const { heard, fail, child } = branches();
    const graph = node("n", {
      children: [
        node("left", { children: [child("a"), child("b")] }),
        node("right", { children: [child("c"), child("d")] }),
      ],
    });
    const answer = codeOf(predict(graph));
    await turns(1);
    fail.get("d")?.(new EngineError("NODE_UNREACHABLE", "d"));
    expect(await answer).toBe("NODE_UNREACHABLE");
    expect(heard).toEqual({ a: "SIBLING_FAILED", b: "SIBLING_FAILED", c: "SIBLING_FAILED" });
  });

  it("ends every branch with the reason of the whole call", async () => {
    const { heard, child } = branches();
    const call = makeCall();
    const graph = node("n", {
      children: [child("a"), node("i", { children: [child("b"), child("c")] })],
    });
    const answer = codeOf(predict(graph, call));
    await turns(1);
    cancel(call.scope, new EngineError("GRAPH_DEADLINE", "late"));
    expect(await answer).toBe("GRAPH_DEADLINE");
    expect(heard).toEqual({ a: "GRAPH_DEADLINE", b: "GRAPH_DEADLINE", c: "GRAPH_DEADLINE" });
  });

  it("takes an unknown error for a defect", async () => {
    const broken = node("x", { input: async () => JSON.parse("{") });
    expect(await codeOf(predict(node("n", { children: [broken, node("y")] })))).toBe("INTERNAL");
  });
});

describe("feedback", () => {
  const hears = (journal: Journal, name: string, over: Script = {}): Node =>
    node(name, { feedback: step(journal, name), ...over });
  const send = async (
    engine: Engine,
    routes: { readonly [node: string]: number } = {},
  ): Promise<string> =>
    textOf(await heard(engine, payload("f"), makeCall(), (name) => routes[name] ?? -1));

  const tree = (journal: Journal, over: Script = {}): Engine =>
    makeEngine(
      hears(journal, "r", {
        children: [hears(journal, "a", { children: [hears(journal, "a1")] }), hears(journal, "b")],
        ...over,
      }),
      undefined,
    );

  it.each([
    {
      name: "all children, then the node",
      routes: {},
      journal: ["a1<f", "b<f", "a<f", "r<f"],
      answer: "f r",
    },
    { name: "one child", routes: { r: 1 }, journal: ["b<f", "r<f"], answer: "f r" },
    { name: "a path", routes: { r: 0, a: 0 }, journal: ["a1<f", "a<f", "r<f"], answer: "f r" },
    { name: "nothing at all at -2", routes: { r: -2 }, journal: [], answer: "f" },
    {
      name: "nothing below -2",
      routes: { r: 0, a: -2 },
      journal: ["r<f"],
      answer: "f r",
    },
  ])("reaches $name", async ({ routes, journal: want, answer }) => {
    const journal: Journal = [];
    expect(await send(tree(journal), routes)).toBe(answer);
    expect(journal).toEqual(want);
  });

  it.each([
    {
      name: "asks a node that may know where nothing is said",
      said: {},
      knows: 1,
      want: ["b<f", "r<f"],
    },
    { name: "believes what is said first", said: { r: 0 }, knows: 1, want: ["a1<f", "a<f", "r<f"] },
    {
      name: "reaches all where nobody knows",
      said: {},
      knows: undefined,
      want: ["a1<f", "b<f", "a<f", "r<f"],
    },
  ])("$name", async ({ said, knows, want }) => {
    const journal: Journal = [];
    await send(tree(journal, { recall: async () => knows }), said);
    expect(journal).toEqual(want);
  });

  it("sends every node the message as it came, and answers with it where none takes it", async () => {
    const journal: Journal = [];
    expect(await send(tree(journal, { feedback: undefined }))).toBe("f");
    expect(journal).toEqual(["a1<f", "b<f", "a<f"]);
  });

  it.each([2, -3])("refuses route %i of two children", async (route) => {
    const journal: Journal = [];
    expect(await codeOf(send(tree(journal), { r: route }))).toBe("ROUTE_MISSING");
    expect(journal).toEqual([]);
  });

  it("does not call a node whose child failed", async () => {
    const journal: Journal = [];
    const children = [
      hears(journal, "a"),
      hears(journal, "b", { feedback: failing("NODE_STATUS") }),
      hears(journal, "c", { feedback: failing("NODE_TIMEOUT") }),
    ];
    expect(await codeOf(send(tree(journal, { children })))).toBe("NODE_STATUS");
    expect(journal).toEqual(["a<f"]);
  });
});
