import { describe, expect, it } from "@jest/globals";
import type { Action } from "../../../runtime/component/action.ts";
import {
  asComponentError,
  ComponentError,
  type Model,
  NotImplemented,
  response,
} from "../../../runtime/component/user.ts";
import { componentOf, echo } from "./fixture.ts";

const refused = async (
  work: Promise<unknown>,
): Promise<Pick<ComponentError, "status" | "reason">> => {
  try {
    await work;
  } catch (thrown) {
    const { status, reason } = asComponentError(thrown);
    return { status, reason };
  }
  throw new Error("nothing was thrown");
};

const badData = { status: 400, reason: "MICROSERVICE_BAD_DATA" };
const internal = { status: 500, reason: "MICROSERVICE_INTERNAL_ERROR" };
const badMetric = { status: 500, reason: "MICROSERVICE_BAD_METRIC" };

describe("predict", () => {
  const rows: readonly {
    readonly name: string;
    readonly model?: Model;
    readonly request: object;
    readonly reply: object;
  }[] = [
    {
      name: "follows an ndarray",
      request: { data: { names: ["a", 2], ndarray: [[1, 2]] } },
      reply: { data: { names: ["t:0", "t:1"], ndarray: [[1, 2]] }, meta: {} },
    },
    {
      name: "follows a tensor",
      request: { data: { tensor: { shape: [2, 2], values: [1, 2, 3, 4] } } },
      reply: {
        data: { names: ["t:0", "t:1"], tensor: { shape: [2, 2], values: [1, 2, 3, 4] } },
        meta: {},
      },
    },
    {
      name: "follows a tftensor",
      request: {
        data: {
          tftensor: { dtype: "DT_INT32", tensorShape: { dim: [{ size: "2" }] }, intVal: [1, 2] },
        },
      },
      reply: {
        data: {
          names: [],
          tftensor: {
            dtype: "DT_DOUBLE",
            tensorShape: { dim: [{ size: "2" }] },
            doubleVal: [1, 2],
          },
        },
        meta: {},
      },
    },
    {
      name: "leaves numbers of one dimension without names",
      request: { data: { ndarray: [1, 2] } },
      reply: { data: { names: [], ndarray: [1, 2] }, meta: {} },
    },
    {
      name: "names the second of three dimensions",
      request: { data: { ndarray: [[[1], [2]]] } },
      reply: { data: { names: ["t:0", "t:1"], ndarray: [[[1], [2]]] }, meta: {} },
    },
    {
      name: "reads data without an array as an empty array",
      request: { data: {} },
      reply: { data: { names: [], ndarray: [] }, meta: {} },
    },
    {
      name: "sends words as an ndarray even where a tensor came",
      model: { predict: () => [["cat"], ["dog"]] },
      request: { data: { tensor: { shape: [1], values: [1] } } },
      reply: { data: { names: ["t:0"], ndarray: [["cat"], ["dog"]] }, meta: {} },
    },
    {
      name: "sends rows of different lengths as an ndarray",
      model: { predict: () => [[1], [1, 2]] },
      request: { data: { tensor: { shape: [1], values: [1] } } },
      reply: { data: { names: [], ndarray: [[1], [1, 2]] }, meta: {} },
    },
    {
      name: "answers text with a tensor when it returns numbers",
      model: { predict: () => [[0.5, 0.5]] },
      request: { strData: "hello" },
      reply: {
        data: { names: ["t:0", "t:1"], tensor: { shape: [1, 2], values: [0.5, 0.5] } },
        meta: {},
      },
    },
    {
      name: "takes typed arrays, also inside of arrays",
      model: { predict: () => [new Float32Array([0.5, 0.25])] },
      request: { data: { ndarray: [[1]] } },
      reply: { data: { names: ["t:0", "t:1"], ndarray: [[0.5, 0.25]] }, meta: {} },
    },
    { name: "echoes text", request: { strData: "hello" }, reply: { strData: "hello", meta: {} } },
    {
      name: "echoes JSON",
      request: { jsonData: { a: [1, null] } },
      reply: { jsonData: { a: [1, null] }, meta: {} },
    },
    {
      name: "echoes bytes",
      request: { binData: "aGVsbG8=" },
      reply: { binData: Buffer.from("hello"), meta: {} },
    },
    {
      name: "puts data before jsonData before strData before binData",
      request: { binData: "", strData: "s", jsonData: { j: 1 }, data: { ndarray: [3] } },
      reply: { data: { names: [], ndarray: [3] }, meta: {} },
    },
    {
      name: "skips a field that is null",
      request: { data: null, strData: "s" },
      reply: { strData: "s", meta: {} },
    },
    {
      name: "ignores fields it does not know",
      request: { strData: "s", extra: 1 },
      reply: { strData: "s", meta: {} },
    },
    {
      name: "uses the names of the class",
      model: { predict: echo, classNames: () => ["yes", "no"] },
      request: { data: { ndarray: [[1, 2]] } },
      reply: { data: { names: ["yes", "no"], ndarray: [[1, 2]] }, meta: {} },
    },
    {
      name: "uses names that are a field of the class",
      model: { predict: echo, classNames: ["yes", "no"] },
      request: { data: { ndarray: [[1, 2]] } },
      reply: { data: { names: ["yes", "no"], ndarray: [[1, 2]] }, meta: {} },
    },
    {
      name: "is empty without a method",
      model: { route: () => 0 },
      request: { data: { ndarray: [[1]] } },
      reply: { data: { names: [], ndarray: [] }, meta: {} },
    },
    {
      name: "waits for a promise",
      model: { predict: async () => "later" },
      request: { strData: "now" },
      reply: { strData: "later", meta: {} },
    },
    {
      name: "sends what the raw method returned, untouched",
      model: { predictRaw: (message) => ({ got: message }), predict: () => "unused" },
      request: { strData: "s", meta: { puid: "p" } },
      reply: { got: { strData: "s", meta: { puid: "p" } } },
    },
    {
      name: "goes on to the typed method when the raw one is not implemented",
      model: {
        predictRaw: () => {
          throw new NotImplemented();
        },
        predict: echo,
      },
      request: { strData: "s" },
      reply: { strData: "s", meta: {} },
    },
    {
      name: "writes NaN in a tensor as proto3 JSON does",
      request: { data: { tensor: { shape: [3], values: ["NaN", "-Infinity", 1] } } },
      reply: {
        data: { names: [], tensor: { shape: [3], values: ["NaN", "-Infinity", 1] } },
        meta: {},
      },
    },
  ];

  it.each(rows)("$name", async ({ model = { predict: echo }, request, reply }) => {
    expect(await componentOf(model).component.run("predict", request)).toEqual(reply);
  });

  it("hands over the array, its names and the meta, on the model itself", async () => {
    const seen: unknown[] = [];
    const model = {
      seen,
      predict(this: { seen: unknown[] }, ...args: unknown[]) {
        this.seen.push(...args);
        return "";
      },
    };
    const meta = { puid: "p", tags: { a: 1 } };
    await componentOf(model).component.run("predict", {
      data: { names: ["x"], tensor: { shape: [2, 1], values: [1, 2] } },
      meta,
    });
    expect(seen).toEqual([[[1], [2]], ["x"], meta]);
  });
});

describe("the meta of a reply", () => {
  const metric = { key: "k", type: "GAUGE", value: 2 } as const;
  const inherited = { key: "before", type: "COUNTER", value: 1 };
  const request = {
    strData: "s",
    meta: {
      puid: "p",
      tags: { a: 1, b: 1, c: 1 },
      routing: { router: 1 },
      requestPath: { before: "image:0" },
      metrics: [inherited],
    },
  };
  const model: Model = {
    predict: () =>
      response("r", { tags: { c: 3 }, metrics: [{ key: "r", type: "TIMER", value: 5 }] }),
    tags: () => ({ b: 2, c: 2 }),
    metrics: () => [metric],
  };

  it("overlays tags, strings metrics together and never echoes routing", async () => {
    const { component } = componentOf(model, { unitId: "me", image: "image:1" });
    expect(await component.run("predict", request)).toEqual({
      strData: "r",
      meta: {
        puid: "p",
        tags: { a: 1, b: 2, c: 3 },
        requestPath: { me: "image:1", before: "image:0" },
        metrics: [inherited, metric, { key: "r", type: "TIMER", value: 5 }],
      },
    });
  });

  it("keeps its own metrics out when it is told to", async () => {
    const { component } = componentOf(model, { includeMetrics: false });
    expect(await component.run("predict", request)).toMatchObject({
      meta: { metrics: [inherited] },
    });
  });

  it("lets the request win in requestPath and adds none without a name", async () => {
    const path = { strData: "s", meta: { requestPath: { me: "theirs" } } };
    const named = componentOf({ predict: echo }, { unitId: "me", image: "mine" }).component;
    expect(await named.run("predict", path)).toMatchObject({
      meta: { requestPath: { me: "theirs" } },
    });
    expect(await componentOf({ predict: echo }).component.run("predict", path)).toEqual({
      strData: "s",
      meta: { requestPath: { me: "theirs" } },
    });
  });

  it("takes a puid from meta only", async () => {
    expect(
      await componentOf({ predict: echo }).component.run("predict", {
        strData: "s",
        meta: { puid: "" },
      }),
    ).toEqual({ strData: "s", meta: {} });
  });

  it("keeps the tags of requests that run at once apart", async () => {
    const release: (() => void)[] = [];
    const slow: Model = {
      predict: async (X) => {
        await new Promise<void>((resolve) => {
          release.push(resolve);
        });
        return response(X, { tags: { own: X } });
      },
    };
    const { component } = componentOf(slow);
    const both = [1, 2].map((n) => component.run("predict", { jsonData: { n } }));
    await new Promise(setImmediate);
    for (const go of release.reverse()) go();
    expect(await Promise.all(both)).toMatchObject([
      { meta: { tags: { own: { n: 1 } } } },
      { meta: { tags: { own: { n: 2 } } } },
    ]);
  });

  it("is not harmed by keys that name a prototype", async () => {
    const evil = JSON.parse(
      '{"strData":"s","meta":{"tags":{"__proto__":{"polluted":1}},"requestPath":{"__proto__":"x"}}}',
    );
    for (const [action, body] of [
      ["predict", evil],
      ["aggregate", [evil, evil]],
    ] as const) {
      await componentOf({ predict: echo, aggregate: () => "s" }, { unitId: "u" }).component.run(
        action,
        body,
      );
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("transformInput and transformOutput", () => {
  it.each(["transformInput", "transformOutput"] as const)("%s calls its method", async (action) => {
    const { component } = componentOf({ [action]: (X: number[][]) => X.map(([x = 0]) => [x + 1]) });
    expect(await component.run(action, { data: { ndarray: [[1]] } })).toEqual({
      data: { names: ["t:0"], ndarray: [[2]] },
      meta: {},
    });
  });

  it.each(["transformInput", "transformOutput"] as const)(
    "%s passes a message through without one",
    async (action) => {
      const message = {
        data: { names: ["a", "b"], ndarray: [[1, "x"]] },
        meta: { tags: { t: 1 } },
      };
      expect(await componentOf({ predict: echo }).component.run(action, message)).toEqual(message);
    },
  );

  it("names what comes in by featureNames, what goes out by classNames", async () => {
    const { component } = componentOf({
      transformInput: echo,
      transformOutput: echo,
      featureNames: () => ["f"],
      classNames: () => ["c"],
    });
    const message = { data: { names: ["x"], ndarray: [[1]] } };
    expect(await component.run("transformInput", message)).toMatchObject({
      data: { names: ["f"] },
    });
    expect(await component.run("transformOutput", message)).toMatchObject({
      data: { names: ["c"] },
    });
  });
});

describe("route", () => {
  const rows = [
    { name: "an ndarray", request: { data: { ndarray: [[5]] } }, data: { ndarray: [[1]] } },
    {
      name: "a tensor",
      request: { data: { tensor: { shape: [1], values: [5] } } },
      data: { tensor: { shape: [1, 1], values: [1] } },
    },
    {
      name: "a tftensor, in intVal, which the engine reads",
      request: { data: { tftensor: { dtype: "DT_FLOAT", floatVal: [5] } } },
      data: {
        tftensor: {
          dtype: "DT_INT32",
          tensorShape: { dim: [{ size: "1" }, { size: "1" }] },
          intVal: [1],
        },
      },
    },
    { name: "text", request: { strData: "s" }, data: { tensor: { shape: [1, 1], values: [1] } } },
  ];
  it.each(rows)("answers $name in kind", async ({ request, data }) => {
    const { component } = componentOf({ route: () => 1 });
    expect(await component.run("route", request)).toMatchObject({ data, meta: {} });
  });

  it("carries the puid, its own tags and path, and nothing else of the request", async () => {
    const { component } = componentOf(
      { route: () => response(-1, { tags: { why: "all" } }) },
      { unitId: "r" },
    );
    expect(
      await component.run("route", {
        data: { ndarray: [[1]] },
        meta: { puid: "p", tags: { a: 1 }, requestPath: { a: "b" } },
      }),
    ).toEqual({
      data: { names: ["t:0"], ndarray: [[-1]] },
      meta: { puid: "p", tags: { why: "all" }, requestPath: { r: "" } },
    });
  });
});

describe("aggregate", () => {
  const first = {
    data: { names: ["a"], tensor: { shape: [1, 1], values: [1] } },
    meta: { puid: "p", tags: { a: 1, b: 1 }, requestPath: { x: "i" } },
  };
  const second = {
    data: { names: ["b"], ndarray: [[3]] },
    meta: { puid: "q", tags: { b: 2 }, requestPath: { y: "j" } },
  };
  const model: Model = {
    aggregate: (Xs, names) =>
      response([[Xs.flat(2).reduce((sum: number, x) => sum + Number(x), 0)]], { tags: { names } }),
  };
  const reply = {
    data: { names: ["t:0"], tensor: { shape: [1, 1], values: [4] } },
    meta: {
      puid: "p",
      tags: { a: 1, b: 2, names: [["a"], ["b"]] },
      requestPath: { me: "", x: "i", y: "j" },
    },
  };

  it.each([
    { name: "a bare list", body: [first, second] },
    { name: "a SeldonMessageList", body: { seldonMessages: [first, second] } },
  ])("takes $name", async ({ body }) => {
    const { component } = componentOf(model, { unitId: "me" });
    expect(await component.run("aggregate", body)).toEqual(reply);
  });

  it("hands the raw method the body as it came", async () => {
    const { component } = componentOf({ aggregateRaw: echo });
    expect(await component.run("aggregate", [first])).toEqual([first]);
  });
});

describe("sendFeedback", () => {
  const feedback = {
    request: { data: { names: ["x"], ndarray: [[1]] }, meta: { puid: "p", tags: { a: 1 } } },
    response: { meta: { routing: { me: 1, "0": 2 } } },
    truth: { data: { ndarray: [[7]] } },
    reward: 0.5,
  };

  it("hands over features, names, reward, truth and the node's own routing", async () => {
    let seen: unknown[] = [];
    const { component } = componentOf(
      {
        sendFeedback: (...args) => {
          seen = args;
        },
      },
      { unitId: "me" },
    );
    expect(await component.run("sendFeedback", feedback)).toEqual({
      data: { names: [], ndarray: [] },
      meta: { puid: "p", requestPath: { me: "" } },
    });
    expect(seen).toEqual([[[1]], ["x"], 0.5, [[7]], 1]);
  });

  it("looks for node 0 when it has no name, and gets text as an empty array", async () => {
    let seen: unknown[] = [];
    const { component } = componentOf({
      sendFeedback: (...args) => {
        seen = args;
        return [1];
      },
    });
    await component.run("sendFeedback", { ...feedback, request: { strData: "s" }, reward: "2" });
    expect(seen).toEqual([[], [], 2, [[7]], 2]);
  });

  it("counts rewards, even without a method", async () => {
    const { component, registry } = componentOf({ predict: echo });
    await component.run("sendFeedback", { reward: 2 });
    await component.run("sendFeedback", { reward: 0 });
    await component.run("sendFeedback", { reward: 0.5 });
    const text = await registry.metrics();
    expect(text).toContain('seldon_api_model_feedback_total{method="feedback",model_name="m"} 2');
    expect(text).toContain(
      'seldon_api_model_feedback_reward_total{method="feedback",model_name="m"} 2.5',
    );
  });
});

describe("health", () => {
  const rows: readonly { name: string; model: Model; reply: object }[] = [
    { name: "is healthy without a method", model: {}, reply: { strData: "healthy", meta: {} } },
    {
      name: "is assumed when the method is not implemented",
      model: {
        healthStatus: () => {
          throw new NotImplemented();
        },
      },
      reply: { strData: "not implemented - assuming healthy", meta: {} },
    },
    {
      name: "sends numbers as a tensor",
      model: { healthStatus: () => [1, 2] },
      reply: { data: { names: [], tensor: { shape: [2], values: [1, 2] } }, meta: {} },
    },
    {
      name: "is healthy when the method returns nothing",
      model: { healthStatus: () => undefined },
      reply: { strData: "healthy", meta: {} },
    },
    {
      name: "sends a raw answer as it is",
      model: { healthStatusRaw: () => ({ up: true }) },
      reply: { up: true },
    },
  ];
  it.each(rows)("$name", async ({ model, reply }) => {
    expect(await componentOf(model).component.health()).toEqual(reply);
  });
});

describe("what is wrong", () => {
  const throwing = (thrown: unknown): Model => ({
    predict: () => {
      throw thrown;
    },
  });
  const text = { strData: "s" };
  const array = { data: { ndarray: [[1]] } };
  type Row = {
    readonly name: string;
    readonly action?: Action;
    readonly model?: Model;
    readonly request: unknown;
    readonly error: object;
  };
  const requests: readonly Row[] = [
    { name: "a list for a message", request: [], error: badData },
    { name: "a message without content", request: {}, error: badData },
    { name: "data that is no object", request: { data: [1] }, error: badData },
    { name: "an ndarray that is no list", request: { data: { ndarray: 1 } }, error: badData },
    {
      name: "names that are neither strings nor numbers",
      request: { data: { names: [true], ndarray: [] } },
      error: badData,
    },
    {
      name: "a tensor whose shape does not fit",
      request: { data: { tensor: { shape: [2, 2], values: [1] } } },
      error: badData,
    },
    {
      name: "a tensor of words",
      request: { data: { tensor: { shape: [1], values: ["x"] } } },
      error: badData,
    },
    {
      name: "an empty tensor of a billion rows",
      request: { data: { tensor: { shape: [1e9, 0], values: [] } } },
      error: badData,
    },
    {
      name: "a tftensor of an unknown type",
      request: { data: { tftensor: { dtype: "DT_VARIANT" } } },
      error: badData,
    },
    { name: "strData that is no string", request: { strData: 1 }, error: badData },
    { name: "binData that is no string", request: { binData: 1 }, error: badData },
    { name: "meta that is no object", request: { ...text, meta: 1 }, error: badData },
    { name: "tags that are no object", request: { ...text, meta: { tags: [] } }, error: badData },
    {
      name: "metrics that are no list",
      request: { ...text, meta: { metrics: 1 } },
      error: badData,
    },
    { name: "an aggregate that is no list", action: "aggregate", request: text, error: badData },
    { name: "an aggregate of numbers", action: "aggregate", request: [1], error: badData },
    {
      name: "feedback with an unknown field",
      action: "sendFeedback",
      request: { rewards: 1 },
      error: badData,
    },
    {
      name: "feedback with an unknown field further in",
      action: "sendFeedback",
      request: { request: { data: { ndarrays: [] } } },
      error: badData,
    },
    {
      name: "feedback whose reward is a word",
      action: "sendFeedback",
      request: { reward: "good" },
      error: badData,
    },
  ];
  const models: readonly Row[] = [
    { name: "no route", action: "route", request: array, error: badData },
    { name: "no aggregate", action: "aggregate", request: [array], error: badData },
    {
      name: "a route that is no whole number",
      action: "route",
      model: { route: () => 0.5 },
      request: array,
      error: badData,
    },
    {
      name: "a route that is no number",
      action: "route",
      model: { route: () => "0" },
      request: array,
      error: badData,
    },
    {
      name: "a method that returns nothing",
      model: { predict: () => undefined },
      request: text,
      error: badData,
    },
    {
      name: "a method that returns a number",
      model: { predict: () => 1 },
      request: text,
      error: badData,
    },
    {
      name: "a raw method that returns nothing",
      model: { predictRaw: () => undefined },
      request: text,
      error: internal,
    },
    {
      name: "NaN in an ndarray",
      model: { predict: () => [[Number.NaN]] },
      request: array,
      error: internal,
    },
    {
      name: "tags that are a list",
      model: { predict: echo, tags: () => [] },
      request: text,
      error: internal,
    },
    {
      name: "names that are no strings",
      model: { predict: echo, classNames: () => [1] },
      request: array,
      error: internal,
    },
    {
      name: "a metric without a key",
      model: { predict: echo, metrics: () => [{ type: "GAUGE", value: 1 }] },
      request: text,
      error: badMetric,
    },
    {
      name: "a metric of an unknown type",
      model: { predict: echo, metrics: () => [{ key: "k", type: "SUM", value: 1 }] },
      request: text,
      error: badMetric,
    },
    {
      name: "a metric without a number",
      model: { predict: echo, metrics: () => [{ key: "k", type: "GAUGE", value: "1" }] },
      request: text,
      error: badMetric,
    },
    {
      name: "metrics that are no list",
      model: { predict: echo, metrics: () => ({}) },
      request: text,
      error: badMetric,
    },
    { name: "an error", model: throwing(new Error("boom")), request: text, error: internal },
    { name: "a thrown string", model: throwing("boom"), request: text, error: internal },
    { name: "a thrown nothing", model: throwing(undefined), request: text, error: internal },
    {
      name: "a ComponentError",
      model: throwing(new ComponentError("no")),
      request: text,
      error: badData,
    },
    {
      name: "a ComponentError of its own kind",
      model: throwing(new ComponentError("no", { status: 422, reason: "TOO_SOUR" })),
      request: text,
      error: { status: 422, reason: "TOO_SOUR" },
    },
    {
      name: "an error with a status",
      model: throwing(Object.assign(new Error("no"), { statusCode: 409 })),
      request: text,
      error: { status: 409, reason: "MICROSERVICE_BAD_DATA" },
    },
    {
      name: "an error with a status that is none of an error",
      model: throwing(Object.assign(new Error("no"), { status: 200 })),
      request: text,
      error: internal,
    },
  ];
  it.each([...requests, ...models])(
    "$name",
    async ({ action = "predict", model = { predict: echo }, request, error }) => {
      expect(await refused(componentOf(model).component.run(action, request))).toEqual(error);
    },
  );
});
