/**
 * The same requests to a Python class under `seldon-core-microservice` and to its twin in
 * TypeScript under `espalier serve`: the answers are the same, but where a row says otherwise.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Asked, ask } from "./support/ask.ts";
import { startClients } from "./support/clients.ts";
import { startMicroservice } from "./support/microservice.ts";
import { seldonCore } from "./support/peers.ts";
import { makeProcesses } from "./support/processes.ts";
import { scrapeAll } from "./support/scrape.ts";
import { type ClientMethod, makeSeldonClient } from "./support/seldon-client.ts";
import { startServe } from "./support/serve.ts";
import { type Answer, rpcAnswer } from "./support/transports.ts";

const startMs = 300_000;
const processes = makeProcesses();
const clients = startClients(seldonCore(), "seldon_clients.py");

type Server = { readonly url: string; readonly grpc: string; readonly metricsUrl: string };
type Side = "python" | "ours";
type Pair = { readonly [side in Side]: Server };
type Kind = "Twin" | "Bare" | "Raw" | "Unwell" | "Through" | "Quiet" | "Nameless";

type KindOptions = {
  readonly target?: string;
  readonly parameters?: readonly object[];
  readonly env?: Readonly<Record<string, string | undefined>>;
};

const parameter = (name: string, type: string, value: string) => ({ name, type, value });
const kinds: Readonly<Record<Kind, KindOptions>> = {
  Twin: {
    parameters: [
      parameter("depth", "INT", "-3"),
      parameter("rate", "FLOAT", "1e-3"),
      parameter("half", "DOUBLE", "0.1"),
      parameter("word", "STRING", "7"),
      parameter("sure", "BOOL", "true"),
    ],
  },
  Bare: {},
  Raw: {},
  Unwell: {},
  Through: { env: { PAYLOAD_PASSTHROUGH: "true" } },
  Quiet: {
    target: "Twin",
    env: {
      INCLUDE_METRICS_IN_CLIENT_RESPONSE: "false",
      MODEL_METADATA: "{name: from the environment, versions: [v9], platform: paper}",
    },
  },
  // outside of a pod
  Nameless: {
    target: "Twin",
    env: {
      PREDICTIVE_UNIT_ID: undefined,
      PREDICTIVE_UNIT_IMAGE: undefined,
      PREDICTOR_ID: undefined,
      PREDICTOR_LABELS: undefined,
      SELDON_DEPLOYMENT_ID: undefined,
    },
  },
};

const pairs = new Map<string, Pair>();
const pair = (kind: Kind): Pair => {
  const found = pairs.get(kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
};

beforeAll(async () => {
  await Promise.all(
    Object.entries(kinds).map(async ([kind, { target = kind, ...rest }]) => {
      const unit = kind.toLowerCase();
      const [python, ours] = await Promise.all([
        startMicroservice(processes, { unit, target: `twin.${target}`, ...rest }),
        startServe(processes, { unit, target: `twin.ts:${target}`, ...rest }),
      ]);
      pairs.set(kind, { python, ours });
    }),
  );
}, startMs);

afterAll(async () => {
  await Promise.all([clients.stop(), processes.stopAll()]);
}, startMs);

/** What stands in an answer where its words are free: an error of the wrapper itself. */
const freely = "(some words)";

type Body = {
  readonly status?: { readonly info?: string; readonly reason?: string };
  readonly meta?: { readonly metrics?: readonly Metric[] };
};
type Metric = { readonly tags?: Readonly<Record<string, string>> };

/** What the classes themselves say when they fail: there, every word counts. */
const ownWords = new Set(["not today", "that does not fit", "something broke", "not well"]);

/**
 * The known differences that are everywhere: Python writes the method into the tags of a metric;
 * protobuf's JSON, in which it answers feedback, leaves out the type COUNTER and empty lists.
 */
const comparable = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  const { status, meta, data, ...rest } = value as Body & { data?: Record<string, unknown> }; // an answer
  return {
    ...rest,
    ...(status && {
      status: {
        ...status,
        ...(ownWords.has(status.info ?? "") ? {} : { info: freely }),
      },
    }),
    ...(meta && { meta: { ...meta, ...(meta.metrics && { metrics: meta.metrics.map(plain) }) } }),
    ...(data && { data: full(data) }),
  };
};

const plain = ({ tags, ...metric }: Metric): object => {
  const { method: _method, ...own } = tags ?? {};
  return {
    type: "COUNTER",
    ...metric,
    ...(Object.keys(own).length === 0 ? {} : { tags: own }),
  };
};

const full = ({ tensor, ...data }: Record<string, unknown>): object => ({
  names: [],
  ...data,
  ...(tensor === undefined ? {} : { tensor: { shape: [], values: [], ...(tensor as object) } }), // where messages have it
});

type Request = { readonly path: string; readonly init?: RequestInit };

/** Status, type and body, as far as both should agree on them. */
const askRest = async (server: Server, { path, init }: Request) => {
  const { status, headers, body }: Asked = await ask(`${server.url}${path}`, init);
  return { status, type: headers.get("content-type"), body: comparable(body) };
};

const json = (body: unknown, method = "POST"): RequestInit => ({
  method,
  headers: { "Content-Type": "application/json" },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

const actions = {
  predict: { path: "/predict", service: "Model", method: "Predict" },
  "transform input": {
    path: "/transform-input",
    service: "Transformer",
    method: "TransformInput",
  },
  "transform output": {
    path: "/transform-output",
    service: "OutputTransformer",
    method: "TransformOutput",
  },
  route: { path: "/route", service: "Router", method: "Route" },
  aggregate: { path: "/aggregate", service: "Combiner", method: "Aggregate" },
  feedback: { path: "/send-feedback", service: "Model", method: "SendFeedback" },
} as const;
type Action = keyof typeof actions;

const rest = async (server: Server, action: Action, message: object): Promise<unknown> =>
  askRest(server, { path: actions[action].path, init: json(message) });

/**
 * Over gRPC an error of Python is UNKNOWN, and without words if it is a SeldonMicroserviceException;
 * ours has the code that belongs to its HTTP status. So that there is one is all they share.
 */
const grpc = async (server: Server, action: Action, message: object): Promise<unknown> => {
  const { service, method } = actions[action];
  const call = { call: "rpc", target: server.grpc, service, method, message };
  const answer: Answer = rpcAnswer(await clients.ask(call));
  return answer.ok ? comparable(answer.message) : "an error";
};

const meta = {
  puid: "p",
  routing: { r: 1 },
  requestPath: { before: "i:1" },
  metrics: [{ key: "k", type: "GAUGE", value: 2 }],
};
const payloads = {
  ndarray: { data: { names: ["a", "b"], ndarray: [[1, 2.5]] } },
  tensor: { data: { names: ["a", "b"], tensor: { shape: [1, 2], values: [1, 2.5] } } },
  strData: { strData: "söme" },
  jsonData: { jsonData: { k: [1] } },
  binData: { binData: "AAEC/w==" },
};
const withTag = (payload: object, wish: string): object => ({
  ...payload,
  meta: { ...meta, tags: { do: wish, x: 1 } },
});

/** Asks both sides for every payload, and compares all at once. */
const compareAll = async (
  asked: typeof rest,
  action: Action,
  messages: Readonly<Record<string, object>>,
  kind: Kind = "Twin",
): Promise<void> => {
  const of = async (server: Server) => {
    const answers: Record<string, unknown> = {};
    for (const [name, message] of Object.entries(messages)) {
      answers[name] = await asked(server, action, message);
    }
    return answers;
  };
  const { python, ours } = pair(kind);
  const [theirs, own] = await Promise.all([of(python), of(ours)]);
  expect(own).toEqual(theirs);
};

const wishes = [
  ...["double", "tell", "text", "empty text", "bytes", "no bytes", "object", "empty object"],
  ...["numbers", "one row", "one number", "three columns", "three dimensions", "words"],
  ...["words in a row", "mixed", "truths", "nothing in a list", "empty rows", "array"],
  ...["whole array", "number", "truth", "nothing", "refuse", "bad", "fail", "absent", "response"],
  ...["response of text", "metric without key", "metric of no type", "metric of a word"],
] as const;

describe.each([
  { transport: "REST", asked: rest },
  { transport: "gRPC", asked: grpc },
])("a class under both wrappers over $transport", ({ transport, asked }) => {
  const each = (wish: string) =>
    Object.fromEntries(
      Object.entries(payloads).map(([name, payload]) => [name, withTag(payload, wish)]),
    );

  it.each(wishes)("predicts: %s", async (wish) => {
    await compareAll(asked, "predict", each(wish));
  });

  it.each(
    (["transform input", "transform output"] as const).flatMap((action) =>
      ["double", "tell", "text", "numbers", "response", "refuse", "nothing", "one row"].map(
        (wish) => ({ action, wish }),
      ),
    ),
  )("$action: $wish", async ({ action, wish }) => {
    await compareAll(asked, action, each(wish));
  });

  it.each(["zero", "one", "all", "none", "word", "half", "nothing", "refuse", "fail", "response"])(
    "route: %s",
    async (wish) => {
      await compareAll(asked, "route", each(wish));
    },
  );

  it.each(Object.entries(payloads))("aggregates %s", async (_name, payload) => {
    const two = [
      { ...payload, meta: { ...meta, tags: { a: 1, b: 1 } } },
      { ...payload, meta: { puid: "q", tags: { b: 2 }, requestPath: { second: "i:2" } } },
    ];
    await compareAll(asked, "aggregate", {
      two: { seldonMessages: two },
      one: { seldonMessages: [payload] },
      ...(transport === "REST" ? { bare: two } : {}), // as an engine sends it
    });
  });

  it("takes feedback", async () => {
    const feedback = {
      request: { ...payloads.ndarray, meta: { ...meta, tags: { q: 1 } } },
      response: { meta: { routing: { twin: 1, other: 0 } } },
      truth: { data: { tensor: { shape: [2], values: [3, 4] } } },
      reward: 0.5,
    };
    const { truth: _truth, ...untrue } = feedback;
    const { request: _request, ...unasked } = feedback;
    await compareAll(asked, "feedback", {
      feedback,
      unrouted: { ...feedback, response: {} },
      untrue,
      unasked,
      text: { ...feedback, request: { strData: "x" }, truth: { jsonData: [1] } },
      nothing: { ...feedback, reward: 0 },
      refused: { ...feedback, reward: -1 },
      empty: {},
    });
  });

  it("answers for a class with one method", async () => {
    await compareAll(asked, "predict", payloads, "Bare");
    await compareAll(asked, "route", payloads, "Bare");
    await compareAll(asked, "aggregate", { one: { seldonMessages: [payloads.tensor] } }, "Bare");
    await compareAll(asked, "feedback", { reward: { reward: 1 } }, "Bare");
    for (const action of ["transform input", "transform output"] as const) {
      const { strData, jsonData, binData } = payloads;
      await compareAll(asked, action, { strData, jsonData, binData }, "Bare");
    }
  });

  it("gives whole messages to raw methods", async () => {
    const { strData } = payloads;
    for (const action of ["predict", "transform input", "transform output", "route"] as const) {
      await compareAll(asked, action, { strData }, "Raw");
    }
    await compareAll(asked, "aggregate", { two: { seldonMessages: [strData, strData] } }, "Raw");
    await compareAll(asked, "feedback", { reward: { reward: 1 } }, "Raw");
  });

  it.each(["Quiet", "Nameless"] as const)("%s in its answers", async (kind) => {
    await compareAll(asked, "predict", each("response"), kind);
    await compareAll(asked, "route", each("one"), kind);
    await compareAll(asked, "feedback", { feedback: { reward: 1 } }, kind);
  });
});

const form = (fields: Readonly<Record<string, string | Blob>>): RequestInit => {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return { method: "POST", body };
};
const typed = (type: string, body: string): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": type },
  body,
});
const field = (value: string): RequestInit =>
  typed("application/x-www-form-urlencoded", `json=${encodeURIComponent(value)}`);
const query = `json=${encodeURIComponent('{"strData":"query"}')}`;
const feedback = { reward: 1, request: payloads.ndarray };
const list = [payloads.ndarray, payloads.ndarray];

describe("what a request may look like", () => {
  const requests: readonly (readonly [string, RequestInit, string?])[] = [
    ["parts", form({ data: '{"ndarray":[[1,2]]}', meta: '{"puid":"p"}' })],
    ["a part of text", form({ strData: "{}" })],
    ["a part of bytes", form({ binData: new Blob([Buffer.from([0, 255])]) })],
    ["a part of text in a file", form({ strData: new Blob(["füle"]) })],
    ["a part of JSON in a file", form({ jsonData: new Blob(['{"a":1}']) })],
    ["a part named json", form({ json: '{"strData":"x"}' })],
    ["no parts", form({})],
    ["a field", field('{"strData":"ü&"}')],
    ["an empty field", field("")],
    ["another field", typed("application/x-www-form-urlencoded", "x=1")],
    ["some JSON", typed("application/vnd.x+json", '{"strData":"x"}')],
    ["JSON with a charset", typed("application/json; charset=utf-8", '{"strData":"x"}')],
    ["JSON in capitals", typed("Application/JSON", '{"strData":"x"}')],
    ["plain text", typed("text/plain", '{"strData":"x"}')],
    ["text/json", typed("text/json", '{"strData":"x"}')],
    ["bytes", typed("application/octet-stream", "abc")],
    ["an empty body", typed("application/json", "")],
    ["broken JSON", typed("application/json", "{")],
    ["a query", { method: "GET" }, `/predict?${query}`],
    ["a query beside a body", json({ strData: "body" }), `/predict?${query}`],
    ["a query beside a field", field('{"strData":"field"}'), `/predict?${query}`],
    ["nothing", { method: "GET" }],
    ["a query to transform", { method: "GET" }, `/transform-input?${query}`],
    ["no feedback", { method: "GET" }, "/send-feedback"],
    ["an unknown key", json({ colour: "red" })],
    ["an unknown key beside data", json({ colour: "red", ...payloads.ndarray })],
    ["empty data", json({ data: {} })],
    ["a list", json([1])],
    ["a text", json('"x"')],
    ["a number", json("7")],
    ["null", json("null")],
    ["JSON and text", json({ strData: "s", jsonData: { a: 1 } })],
    ["text and bytes", json({ strData: "s", binData: "AA==" })],
    ["data and text", json({ ...payloads.ndarray, strData: "s" })],
    ["a flat ndarray", json({ data: { ndarray: [1, 2] } })],
    ["a deep ndarray", json({ data: { ndarray: [[[1, 2]]] } })],
    ["an empty ndarray", json({ data: { ndarray: [] } })],
    ["a flat tensor", json({ data: { tensor: { shape: [2], values: [1, 2] } } })],
    ["a deep tensor", json({ data: { tensor: { shape: [1, 1, 2], values: [1, 2] } } })],
    ["broken base64", json({ binData: "%%%" })],
    ["a number for a text", json({ strData: 7 })],
    ["null for a text", json({ strData: null })],
    ["JSON null", json({ jsonData: null })],
    ["JSON text", json({ jsonData: "x" })],
    ["a JSON number", json({ jsonData: 7 })],
    ["JSON false", json({ jsonData: false })],
    ["a JSON list", json({ jsonData: [1, 2] })],
    ["an empty text", json({ strData: "" })],
    ["strange letters", json({ strData: "\u2028 <>& \u0000 \u{1f333}" })],
    ["strange numbers", json({ data: { ndarray: [[1e300, -0, 1e-7, 2 ** 53]] } })],
    ["no list to aggregate", json({ strData: "x" }), "/aggregate"],
    ["a text to aggregate", json('"x"'), "/aggregate"],
    ["tensors and ndarrays", json([payloads.tensor, payloads.ndarray]), "/aggregate"],
    ["feedback of an unknown key", json({ ...feedback, colour: "red" }), "/send-feedback"],
    [
      "feedback of an unknown key within",
      json({ ...feedback, request: { colour: "red" } }),
      "/send-feedback",
    ],
    ["a reward in a text", json({ ...feedback, reward: "0.5" }), "/send-feedback"],
    ["a word for a reward", json({ ...feedback, reward: "x" }), "/send-feedback"],
  ];
  it.each(requests)("%s", async (_name, init, path = "/predict") => {
    const { python, ours } = pair("Bare");
    expect(await askRest(ours, { path, init })).toEqual(await askRest(python, { path, init }));
  });

  it.each([
    { name: "JSON", init: json({ strData: "x" }), path: "/predict" },
    { name: "bytes", init: typed("application/octet-stream", "abcd"), path: "/predict" },
    { name: "a query", init: {}, path: "/predict?json=abc" },
  ])("goes through undecoded: $name", async ({ init, path }) => {
    const { python, ours } = pair("Through");
    expect(await askRest(ours, { path, init })).toEqual(await askRest(python, { path, init }));
  });

  it("has its status from a raw method", async () => {
    const { python, ours } = pair("Raw");
    const request = { path: "/predict", init: json({ strData: "teapot" }) };
    expect(await askRest(ours, request)).toEqual(await askRest(python, request));
  });
});

describe("the paths of a container", () => {
  const posts: Readonly<Record<string, unknown>> = {
    "/api/v1.0/predictions": payloads.ndarray,
    "/api/v0.1/predictions": payloads.ndarray,
    "/api/v1.0/feedback": feedback,
    "/api/v0.1/feedback": feedback,
    "/send-feedback": feedback,
    "/predict": payloads.ndarray,
    "/transform-input": payloads.ndarray,
    "/transform-output": payloads.ndarray,
    "/route": payloads.ndarray,
    "/aggregate": list,
  };
  it.each(Object.entries(posts))("POST %s", async (path, body) => {
    const { python, ours } = pair("Twin");
    const request = { path, init: json(body) };
    expect(await askRest(ours, request)).toEqual(await askRest(python, request));
  });

  const gets = [
    "/health/status",
    "/api/v1.0/health/status",
    "/metadata",
    "/api/v1.0/metadata",
    "/predict",
  ];
  it.each(
    (["Twin", "Bare", "Raw", "Unwell", "Quiet", "Nameless"] as const).flatMap((kind) =>
      gets.map((path) => ({ kind, path })),
    ),
  )("GET $path of $kind", async ({ kind, path }) => {
    const { python, ours } = pair(kind);
    expect(await askRest(ours, { path })).toEqual(await askRest(python, { path }));
  });

  it("/seldon.json is a document of the same paths", async () => {
    const { python, ours } = pair("Bare");
    const paths = async ({ url }: Server) => {
      const { body } = await ask(`${url}/seldon.json`);
      return Object.keys((body as { paths: object }).paths); // OpenAPI
    };
    expect(await paths(ours)).toEqual(expect.arrayContaining(await paths(python)));
  });
});

describe.each(["rest", "grpc"])("SeldonClient.microservice over %s", (transport) => {
  const both = async (method: ClientMethod, args: Readonly<Record<string, unknown>>) => {
    const { python, ours } = pair("Twin");
    const of = async ({ url, grpc }: Server) => {
      const microservice_endpoint = transport === "rest" ? new URL(url).host : grpc;
      const client = makeSeldonClient(clients, { microservice_endpoint, transport });
      const { success, response } = await client(method, args);
      return { success, response: comparable(response) };
    };
    return { python: await of(python), ours: await of(ours) };
  };

  const row = [[1, 2.5]];
  it.each([
    { name: "a tensor", args: { data: row, names: ["a", "b"] } },
    { name: "an ndarray", args: { data: row, payload_type: "ndarray" } },
    { name: "text", args: { str_data: "text" } },
    { name: "bytes", args: { bin_data: "bytes" } },
    { name: "JSON", args: { json_data: { a: [1] } } },
    { name: "to transform", args: { data: row, method: "transform-input" } },
    { name: "to transform back", args: { data: row, method: "transform-output" } },
    { name: "to route", args: { data: row, method: "route" } },
    { name: "to aggregate", args: { datas: [row, row], ndatas: 2, method: "aggregate" } },
  ])("asks the same: $name", async ({ args }) => {
    const { python, ours } = await both("microservice", { method: "predict", ...args });
    expect(python.success).toBe(true);
    expect(ours).toEqual(python);
  });

  it("sends the same feedback", async () => {
    const { python, ours } = await both("microservice_feedback", {
      prediction_request: payloads.tensor,
      prediction_response: { meta: { routing: { twin: 1 } } },
      reward: 0.5,
    });
    expect(python.success).toBe(true);
    expect(ours).toEqual(python);
  });
});

describe("custom metrics", () => {
  it.each(["Twin", "Quiet", "Nameless"] as const)("of %s are the same series", async (kind) => {
    const { python, ours } = pair(kind);
    const before = await Promise.all([scrapeAll(python.metricsUrl), scrapeAll(ours.metricsUrl)]);
    for (const server of [python, ours]) {
      for (const path of ["/predict", "/transform-input", "/transform-output", "/route"]) {
        await ask(`${server.url}${path}`, json(withTag(payloads.ndarray, "response")));
      }
      await ask(`${server.url}/aggregate`, json(list));
      await ask(`${server.url}/send-feedback`, json({ ...feedback, reward: 0.25 }));
      await ask(`${server.url}/health/status`);
    }
    const after = await Promise.all([scrapeAll(python.metricsUrl), scrapeAll(ours.metricsUrl)]);
    const risen = after.map(({ values, types }, i) => ({
      types,
      values: Object.fromEntries(
        [...values].map(([name, value]) => {
          const isGauge = types[name.slice(0, name.indexOf("{"))] === "gauge";
          const rise = value - (before[i]?.values.get(name) ?? 0);
          return [name, isGauge ? value : Number(rise.toFixed(9))];
        }),
      ),
    }));
    expect(Object.keys(risen[0]?.values ?? {}).length).toBeGreaterThan(300); // buckets and all
    expect(risen[1]).toEqual(risen[0]);
  });
});

describe("the known differences", () => {
  const invalid = (status: number) => ({ status, reason: "MICROSERVICE_BAD_DATA" });
  const broken = { status: 500, reason: "MICROSERVICE_INTERNAL_ERROR" };
  const fine = { status: 200, reason: undefined };
  type Outcome = { readonly status: number; readonly reason: string | undefined };
  const rows: readonly {
    readonly name: string;
    readonly request: Request;
    readonly python: Outcome;
    readonly ours: Outcome;
    readonly because: string;
  }[] = [
    {
      name: "an unknown path",
      request: { path: "/nope" },
      ...{ python: broken, ours: invalid(404) },
      because: "it is the client's error",
    },
    {
      name: "a slash too many",
      request: { path: "/predict/" },
      ...{ python: broken, ours: invalid(404) },
      because: "it is the client's error",
    },
    {
      name: "a wrong method",
      request: { path: "/api/v1.0/predictions" },
      ...{ python: broken, ours: invalid(405) },
      because: "it is the client's error",
    },
    {
      name: "broken JSON in a field",
      request: { path: "/predict", init: field("{") },
      ...{ python: broken, ours: invalid(400) },
      because: "it is the client's error",
    },
    {
      name: "broken JSON in a part",
      request: { path: "/predict", init: form({ data: "{" }) },
      ...{ python: broken, ours: invalid(400) },
      because: "it is the client's error",
    },
    {
      name: "broken JSON in a query",
      request: { path: "/predict?json=%7B" },
      ...{ python: broken, ours: invalid(400) },
      because: "it is the client's error",
    },
    {
      name: "data that is null",
      request: { path: "/predict", init: json({ data: null }) },
      ...{ python: broken, ours: invalid(400) },
      because: "it is the client's error",
    },
    {
      name: "a tensor that does not fit its shape",
      request: {
        path: "/predict",
        init: json({ data: { tensor: { shape: [3], values: [1, 2] } } }),
      },
      ...{ python: broken, ours: invalid(400) },
      because: "it is the client's error",
    },
    {
      name: "a number for bytes",
      request: { path: "/predict", init: json({ binData: 7 }) },
      ...{ python: broken, ours: invalid(400) },
      because: "it is the client's error",
    },
    {
      name: "a text for meta",
      request: { path: "/predict", init: json({ strData: "x", meta: "m" }) },
      ...{ python: broken, ours: invalid(400) },
      because: "it is the client's error",
    },
    {
      name: "null for meta",
      request: { path: "/predict", init: json({ strData: "x", meta: null }) },
      ...{ python: broken, ours: fine },
      because: "JSON's null is protobuf's nothing",
    },
    {
      name: "a tensor without shape",
      request: { path: "/predict", init: json({ data: { tensor: { values: [1, 2] } } }) },
      ...{ python: broken, ours: fine },
      because: "a list of numbers has one dimension",
    },
    {
      name: "rows of several lengths",
      request: { path: "/predict", init: json({ data: { ndarray: [[1], [2, 3]] } }) },
      ...{ python: broken, ours: fine },
      because: "lists may be of any shape, numpy's arrays may not",
    },
    {
      name: "feedback that is a list",
      request: { path: "/send-feedback", init: json([]) },
      ...{ python: fine, ours: invalid(400) },
      because: "it is no feedback",
    },
  ];
  it.each(rows)("$name, because $because", async ({ request, python, ours }) => {
    const outcome = async (server: Server): Promise<Outcome> => {
      const { status, body } = await askRest(server, request);
      return { status, reason: (body as Body).status?.reason }; // an answer or an error
    };
    const both = pair("Bare");
    expect({ python: await outcome(both.python), ours: await outcome(both.ours) }).toEqual({
      python,
      ours,
    });
  });

  it.each([
    {
      name: "one type for all leaves of an array, because numpy has no mixed ones",
      path: "/predict",
      body: { data: { ndarray: [["a", 1]] } },
      python: { names: ["t:0", "t:1"], ndarray: [["a", "1"]] },
      ours: { names: ["t:0", "t:1"], ndarray: [["a", 1]] },
    },
    {
      name: "other names after no transformation, because nothing was transformed",
      path: "/transform-input",
      body: payloads.ndarray,
      python: { names: ["t:0", "t:1"], ndarray: [[1, 2.5]] },
      ours: { names: ["a", "b"], ndarray: [[1, 2.5]] },
    },
    {
      name: "the words NaN and Infinity in an ndarray, because they are numbers in a tensor",
      path: "/predict",
      body: { data: { tensor: { shape: [2], values: ["NaN", "Infinity"] } } },
      python: { names: [], ndarray: ["NaN", "Infinity"] },
      ours: { names: [], tensor: { shape: [2], values: ["NaN", "Infinity"] } },
    },
    {
      name: "the shape of an empty tensor, because it comes as an empty list",
      path: "/predict",
      body: { data: { tensor: { shape: [0, 2], values: [] } } },
      python: { names: ["t:0", "t:1"], tensor: { shape: [0, 2], values: [] } },
      ours: { names: [], tensor: { shape: [0], values: [] } },
    },
  ])("$name", async ({ path, body, python, ours }) => {
    const both = pair("Bare");
    const init = json(body);
    expect((await askRest(both.python, { path, init })).body).toMatchObject({ data: python });
    expect((await askRest(both.ours, { path, init })).body).toMatchObject({ data: ours });
  });
});
