/** The twins of the classes in ../python/twin.py: both answer the same to the same. */
import {
  ComponentError,
  type Meta,
  type Model,
  NotImplemented,
  response,
} from "../../../runtime/component/user.ts";

/** As JSON has it: bytes as their numbers. */
const plain = (value: unknown): unknown => (Buffer.isBuffer(value) ? [...value] : value);

const double = (X: unknown): unknown => {
  if (Array.isArray(X)) return X.map(double);
  return typeof X === "number" ? X * 2 : X;
};

const refuse = (): never => {
  throw new ComponentError("not today", { status: 409, reason: "NOT_TODAY" });
};

const metric = (key: string, value: unknown, type: string) => ({ key, type, value }) as never; // what a careless user returns

const answers: Readonly<Record<string, () => unknown>> = {
  text: () => "täxt",
  "empty text": () => "",
  bytes: () => Buffer.from([0, 255]),
  "no bytes": () => Buffer.alloc(0),
  object: () => ({ a: [1, { b: null }], c: true }),
  "empty object": () => ({}),
  numbers: () => [
    [1, 2.5],
    [3, -4],
  ],
  "one row": () => [1, 2, 3],
  "one number": () => [7],
  "three columns": () => [[1, 2, 3]],
  "three dimensions": () => [
    [
      [1, 2],
      [3, 4],
    ],
  ],
  words: () => [["a", "b"]],
  "words in a row": () => ["a", "b"],
  mixed: () => [
    ["a", 1],
    [true, null],
  ],
  truths: () => [[true, false]],
  "nothing in a list": () => [],
  "empty rows": () => [[], []],
  array: () => [new Float64Array([0.1, 1e21])],
  "whole array": () => [new Int32Array([1, 2])],
  number: () => 7,
  truth: () => true,
  nothing: () => null,
  refuse,
  bad: () => {
    throw new ComponentError("that does not fit");
  },
  fail: () => {
    throw new Error("something broke");
  },
  absent: () => {
    throw new NotImplemented("not implemented");
  },
  response: () =>
    response([[5]], {
      tags: { by: "response", extra: [1] },
      metrics: [{ key: "of_response", type: "GAUGE", value: 3 }],
    }),
  "response of text": () => response("words"),
  "metric without key": () => response([1], { metrics: [{ type: "GAUGE", value: 3 } as never] }), // as above
  "metric of no type": () => response([1], { metrics: [metric("x", 3, "WORD")] }),
  "metric of a word": () => response([1], { metrics: [metric("x", "three", "GAUGE")] }),
};

const wish = (meta: Meta): string => String(meta.tags?.["do"]);

/** What the request asks for in its tag `do`; else its numbers doubled. */
const answer = (X: unknown, names: readonly string[], meta: Meta): unknown => {
  if (wish(meta) === "tell") return { X: plain(X), names, puid: meta.puid ?? "" };
  return (answers[wish(meta)] ?? (() => double(X)))();
};

const sum = (a: unknown, b: unknown): unknown =>
  Array.isArray(a) && Array.isArray(b) ? a.map((one, i) => sum(one, b[i])) : Number(a) + Number(b);

/** Has every method. */
export const Twin = (given: object): Model => {
  const parameters = { depth: 0, rate: 0.5, half: 0.25, word: "none", sure: false, ...given };
  const routes: Readonly<Record<string, unknown>> = {
    ...{ one: 1, all: -1, none: -2, word: "left", half: 0.5, nothing: null },
  };
  return {
    predict: answer,
    transformInput: answer,
    transformOutput: answer,
    route: (_X, _names, meta) => {
      const wanted = wish(meta);
      if (["refuse", "fail", "absent"].includes(wanted)) return answers[wanted]?.();
      if (wanted === "response") return response(1, { tags: { by: "response" } });
      return wanted in routes ? routes[wanted] : 0;
    },
    aggregate: (Xs, namesList) => {
      const [first] = Xs;
      if (typeof first === "string") return Xs.join("+");
      if (Buffer.isBuffer(first)) return Buffer.concat(Xs.filter((X) => Buffer.isBuffer(X)));
      return Array.isArray(first) ? Xs.reduce(sum) : { all: Xs, names: namesList };
    },
    sendFeedback: (...[X, names, reward, truth, routing]) => {
      if (reward < 0) return refuse();
      if (reward === 0) return undefined;
      return { X: plain(X), names, reward, truth: plain(truth), routing: routing ?? null };
    },
    tags: () => ({ by: "twin", list: [1, "two"], parameters }),
    metrics: () => [
      { key: "asked", type: "COUNTER", value: 2 },
      { key: "level", type: "GAUGE", value: 1.5, tags: { where: "here" } },
      { key: "took", type: "TIMER", value: 12.5 },
    ],
    classNames: ["one", "two"],
    healthStatus: () => "well",
    metadata: () => ({
      name: "twin",
      versions: ["v1", "v2"],
      platform: "any",
      inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
      outputs: [{ messagetype: "ndarray", schema: { names: ["a"], shape: [1] } }],
      custom: { author: "somebody" },
    }),
  };
};

/** Has one method, and nothing beside it. */
export const Bare = (): Model => ({ predict: (X) => X });

type Text = { readonly strData?: string };

/** Takes whole messages. */
export const Raw = (): Model => {
  const turn = (message: unknown) => {
    const { strData } = message as Text; // the tests send such messages
    return { strData: [...String(strData)].reverse().join(""), meta: { tags: { raw: true } } };
  };
  return {
    predictRaw: (message) =>
      (message as Text).strData === "teapot" // as above
        ? { status: { code: 418, info: "short and stout", status: 1 } }
        : turn(message),
    transformInputRaw: turn,
    transformOutputRaw: turn,
    routeRaw: () => ({ data: { ndarray: [[1]] } }),
    aggregateRaw: (messages) => ({ jsonData: messages }),
    sendFeedbackRaw: () => ({ strData: "thanks" }),
    healthStatusRaw: () => ({ strData: "raw and well" }),
  };
};

/** Is not healthy, and says more of itself than metadata may hold. */
export const Unwell = (): Model => ({
  predict: (X) => X,
  healthStatus: () => {
    throw new Error("not well");
  },
  metadata: () => ({ name: "unwell", inputs: [{ colour: "red" }] }),
});

/** Takes the payload undecoded. */
export const Through = (): Model => ({
  predictRaw: (payload) => `{"got": ${String(payload).length}}`,
});
