import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type GrpcOptions, makeGrpcHandlers } from "../../../runtime/component/grpc.ts";
import { ComponentError, type Model } from "../../../runtime/component/user.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { type GrpcServer, listenGrpc } from "../../../runtime/server/grpc.ts";
import { decode, encode, protoList, protoValue } from "../protocol/messages.ts";
import { componentOf, echo, silent } from "./fixture.ts";
import { callBytes, callPlain, openClient, type Rpc, seldonRpc } from "./grpc-client.ts";

const maxBytes = 100_000;

const about = { name: "m", versions: ["1"], platform: "p" };

type Served = { readonly server: GrpcServer; readonly client: Client; close(): Promise<void> };

type Overrides = Partial<GrpcOptions> & { readonly maxConcurrentRequests?: number };

const serve = async (
  model: Model,
  { maxConcurrentRequests = 0, ...overrides }: Overrides = {},
): Promise<Served> => {
  const server = await listenGrpc({
    ...makeGrpcHandlers({
      ...componentOf(model, { unitId: "u", image: "i:1", metadata: about }),
      log: silent,
      ...overrides,
    }),
    port: 0,
    host: "127.0.0.1",
    maxConnections: 100,
    maxMessageBytes: maxBytes,
    limits: { maxConcurrentRequests },
  });
  const client = openClient(`127.0.0.1:${server.port}`);
  const close = async (): Promise<void> => {
    client.close();
    await server.drain();
  };
  return { server, client, close };
};

const withServed = async <T>(
  model: Model,
  act: (served: Served) => Promise<T>,
  overrides: Overrides = {},
): Promise<T> => {
  const served = await serve(model, overrides);
  try {
    return await act(served);
  } finally {
    await served.close();
  }
};

const predict = seldonRpc("Model/Predict");
const metadataRpc = (method: string, request: string): Rpc => ({
  path: `/seldon.protos.${method}`,
  request,
  response: "seldon.protos.SeldonModelMetadata",
});

describe("services", () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve({
      predict: echo,
      transformInput: (X) => [X, "in"],
      transformOutput: (X) => [X, "out"],
      route: () => 1,
      aggregate: (Xs) => Xs,
      sendFeedback: (_X, _names, reward) => [reward],
    });
  });
  afterAll(() => served.close());

  const text = { strData: "s" };
  const texts = { seldonMessages: [text, text] };
  const reward = { reward: 0.5 };
  const ones = { data: { names: [], tensor: { shape: [1], values: [0.5] } } };
  const meta = { requestPath: { u: "i:1" } };
  const both = (...values: string[]) => ({ data: { names: [], ndarray: protoList(values) }, meta });
  it.each([
    { rpc: seldonRpc("Seldon/Predict"), request: text, reply: { ...text, meta } },
    { rpc: predict, request: text, reply: { ...text, meta } },
    {
      rpc: seldonRpc("Seldon/SendFeedback", "Feedback"),
      request: reward,
      reply: { ...ones, meta },
    },
    {
      rpc: seldonRpc("Model/SendFeedback", "Feedback"),
      request: reward,
      reply: { ...ones, meta },
    },
    {
      rpc: seldonRpc("Router/SendFeedback", "Feedback"),
      request: reward,
      reply: { ...ones, meta },
    },
    {
      rpc: seldonRpc("Generic/SendFeedback", "Feedback"),
      request: reward,
      reply: { ...ones, meta },
    },
    { rpc: seldonRpc("Transformer/TransformInput"), request: text, reply: both("s", "in") },
    { rpc: seldonRpc("Generic/TransformInput"), request: text, reply: both("s", "in") },
    { rpc: seldonRpc("OutputTransformer/TransformOutput"), request: text, reply: both("s", "out") },
    { rpc: seldonRpc("Generic/TransformOutput"), request: text, reply: both("s", "out") },
    {
      rpc: seldonRpc("Combiner/Aggregate", "SeldonMessageList"),
      request: texts,
      reply: both("s", "s"),
    },
    {
      rpc: seldonRpc("Generic/Aggregate", "SeldonMessageList"),
      request: texts,
      reply: both("s", "s"),
    },
    {
      rpc: seldonRpc("Router/Route"),
      request: text,
      reply: { data: { names: ["t:0"], tensor: { shape: [1, 1], values: [1] } }, meta },
    },
    {
      rpc: seldonRpc("Generic/Route"),
      request: { data: { ndarray: protoList([1]) } },
      reply: { data: { names: ["t:0"], ndarray: protoList([[1]]) }, meta },
    },
  ])("$rpc.path", async ({ rpc, request, reply }) => {
    const { code, message } = await callPlain(served.client, rpc, request);
    expect(code).toBe(grpcCodes.OK);
    expect(message).toEqual(decode(rpc.response, encode(rpc.response, reply)));
  });

  it.each([
    metadataRpc("Model/Metadata", "google.protobuf.Empty"),
    metadataRpc("Seldon/ModelMetadata", "seldon.protos.SeldonModelMetadataRequest"),
  ])("$path", async (rpc) => {
    const { message } = await callPlain(served.client, rpc, {});
    expect(message).toEqual({ name: "m", versions: ["1"], platform: "p" });
  });

  it.each(["/seldon.protos.Seldon/GraphMetadata", "/seldon.protos.Model/None", "/none"])(
    "has no %s",
    async (path) => {
      expect(await callBytes(served.client, path, Buffer.alloc(0))).toMatchObject({
        code: grpcCodes.UNIMPLEMENTED,
      });
    },
  );

  it("takes any bytes, and answers the next call", async () => {
    const paths = [
      "/seldon.protos.Model/Predict",
      "/seldon.protos.Seldon/SendFeedback",
      "/seldon.protos.Router/Route",
      "/seldon.protos.Transformer/TransformInput",
      "/seldon.protos.OutputTransformer/TransformOutput",
      "/seldon.protos.Combiner/Aggregate",
      "/seldon.protos.Model/Metadata",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.uint8Array({ maxLength: 60 }),
        async (path, bytes) => {
          const { code } = await callBytes(served.client, path, Buffer.from(bytes));
          expect([grpcCodes.OK, grpcCodes.INVALID_ARGUMENT]).toContain(code);
        },
      ),
      { numRuns: 500 },
    );
    const { code } = await callPlain(served.client, predict, text);
    expect(code).toBe(grpcCodes.OK);
  });

  it("refuses a message of more than the limit", async () => {
    const body = encode("seldon.protos.SeldonMessage", { strData: "x".repeat(maxBytes) });
    expect(await callBytes(served.client, predict.path, body)).toMatchObject({
      code: grpcCodes.RESOURCE_EXHAUSTED,
    });
  });
});

describe("what a method gets and returns", () => {
  const tensor = { tensor: { shape: [1, 2], values: [1, Number.NaN] } };
  const rows: readonly { name: string; request: object; reply?: object; X?: unknown }[] = [
    {
      name: "a tensor, NaN and all",
      request: { data: { names: ["t:0", "t:1"], ...tensor } },
      X: [[1, Number.NaN]],
    },
    {
      name: "an ndarray, NaN and all",
      request: { data: { names: ["t:0", "t:1"], ndarray: protoList([[1, Number.NaN]]) } },
      X: [[1, Number.NaN]],
    },
    {
      name: "a tftensor",
      request: {
        data: {
          tftensor: { dtype: "DT_FLOAT", tensor_shape: { dim: [{ size: 2 }] }, float_val: [1, 2] },
        },
      },
      reply: {
        data: {
          tftensor: {
            dtype: "DT_DOUBLE",
            tensor_shape: { dim: [{ size: 2 }] },
            double_val: [1, 2],
          },
        },
      },
      X: [1, 2],
    },
    {
      name: "a tftensor in its bytes",
      request: {
        data: {
          tftensor: {
            dtype: "DT_INT32",
            tensor_shape: { dim: [{ size: 1 }] },
            tensor_content: Buffer.from([7, 0, 0, 0]).toString("base64"),
          },
        },
      },
      reply: {
        data: {
          tftensor: { dtype: "DT_DOUBLE", tensor_shape: { dim: [{ size: 1 }] }, double_val: [7] },
        },
      },
      X: [7],
    },
    { name: "texts", request: { data: { names: [], ndarray: protoList(["a"]) } }, X: ["a"] },
    { name: "JSON", request: { jsonData: protoValue({ a: [1, null] }) }, X: { a: [1, null] } },
    { name: "bytes", request: { binData: "aGk=" }, X: Buffer.from("hi") },
    {
      name: "a custom message",
      request: { customData: { type_url: "t/x", value: "aGk=" } },
      X: { "@type": "t/x", value: Buffer.from("hi") },
    },
  ];
  it.each(rows)("$name", async ({ request, reply = request, X }) => {
    let got: unknown;
    const model = {
      predict: (given: unknown) => {
        got = given;
        return given;
      },
    };
    const { message, details } = await withServed(model, ({ client }) =>
      callPlain(client, predict, request),
    );
    expect(details).toBe("");
    expect(got).toEqual(X);
    const expected = encode(predict.response, { ...reply, meta: { requestPath: { u: "i:1" } } });
    expect(message).toEqual(decode(predict.response, expected));
  });

  it("carries meta, tags and metrics", async () => {
    const model: Model = {
      predict: (X, _names, meta) => [[X, meta.puid ?? ""]],
      tags: () => ({ own: true }),
      metrics: () => [{ key: "k", type: "GAUGE", value: 2 }],
      classNames: ["a", "b"],
    };
    const request = { strData: "s", meta: { puid: "p", tags: { given: protoValue([1]) } } };
    const { message } = await withServed(model, ({ client }) =>
      callPlain(client, predict, request),
    );
    const reply = {
      data: { names: ["a", "b"], ndarray: protoList([["s", "p"]]) },
      meta: {
        puid: "p",
        tags: { given: protoValue([1]), own: protoValue(true) },
        requestPath: { u: "i:1" },
        metrics: [{ key: "k", type: "GAUGE", value: 2 }],
      },
    };
    expect(message).toEqual(decode(predict.response, encode(predict.response, reply)));
  });

  it("tells feedback of its truth and the route that was taken", async () => {
    let got: readonly unknown[] = [];
    const model: Model = {
      sendFeedback: (...args) => {
        got = args;
      },
    };
    const feedback = {
      request: { data: { names: ["x"], ndarray: protoList([[1]]) } },
      response: { meta: { routing: { u: 1 } } },
      truth: { data: { tensor: { values: [3] } } },
      reward: -1,
    };
    const rpc = seldonRpc("Model/SendFeedback", "Feedback");
    await withServed(model, ({ client }) => callPlain(client, rpc, feedback));
    expect(got).toEqual([[[1]], ["x"], -1, [3], 1]);
  });
});

describe("raw methods", () => {
  it("get JSON as over REST, with bytes in base64", async () => {
    let got: unknown;
    const model: Model = {
      predictRaw: (message) => {
        got = message;
        return message;
      },
    };
    const request = { binData: "aGk=", meta: { tags: { a: protoValue(1) } } };
    const { message } = await withServed(model, ({ client }) =>
      callPlain(client, predict, request),
    );
    expect(got).toEqual({ binData: "aGk=", meta: { tags: { a: 1 } } });
    expect(message).toEqual(decode(predict.response, encode(predict.response, request)));
  });

  it("get the list of a combiner", async () => {
    const model: Model = { aggregateRaw: (messages) => (messages as object[])[1] };
    const rpc = seldonRpc("Combiner/Aggregate", "SeldonMessageList");
    const list = { seldonMessages: [{ strData: "a" }, { strData: "b" }] };
    const { message } = await withServed(model, ({ client }) => callPlain(client, rpc, list));
    expect(message).toEqual({ strData: "b" });
  });

  it.each([
    {
      name: "one of this transport before the others",
      model: ["predictGrpc", "predictRaw", "predictRest", "predict"],
      rpc: predict,
      called: "predictGrpc",
    },
    {
      name: "no prediction of the other transport",
      model: ["predictRest", "predict"],
      rpc: predict,
      called: "predict",
    },
    {
      name: "one for both",
      model: ["predictRest", "predictRaw", "predict"],
      rpc: predict,
      called: "predictRaw",
    },
    {
      name: "a transformation of the other transport before one for both",
      model: ["transformInputRest", "transformInputRaw"],
      rpc: seldonRpc("Transformer/TransformInput"),
      called: "transformInputRest",
    },
  ])("are called: $name", async ({ model: names, rpc, called }) => {
    const model = Object.fromEntries(names.map((name) => [name, () => answer(name)]));
    const answer = (name: string): unknown => (name === "predict" ? name : { strData: name });
    const { message } = await withServed(model, ({ client }) =>
      callPlain(client, rpc, { strData: "" }),
    );
    expect(message).toMatchObject({ strData: called });
  });
});

describe("errors", () => {
  const raise = (thrown: unknown) => (): never => {
    throw thrown;
  };
  it.each([
    { name: "a thrown error", thrown: new Error("boom"), code: "UNKNOWN", details: "boom" },
    {
      name: "a refusal",
      thrown: new ComponentError("no"),
      code: "INVALID_ARGUMENT",
      details: "no",
    },
    {
      name: "a status",
      thrown: Object.assign(new Error("x"), { status: 404 }),
      code: "NOT_FOUND",
      details: "x",
    },
    {
      name: "a status without a code of its own",
      thrown: new ComponentError("x", { status: 422 }),
      code: "INVALID_ARGUMENT",
      details: "x",
    },
    {
      name: "a status of a server",
      thrown: new ComponentError("x", { status: 503 }),
      code: "UNAVAILABLE",
      details: "x",
    },
    {
      name: "words beyond ASCII",
      thrown: new Error("größer\n"),
      code: "UNKNOWN",
      details: "größer\n",
    },
    {
      name: "words without end",
      thrown: new Error("x".repeat(1e6)),
      code: "UNKNOWN",
      details: `${"x".repeat(1024)}...`,
    },
    { name: "what is no error", thrown: "text", code: "UNKNOWN", details: "text" },
  ] as const)("$name is $code", async ({ thrown, code, details }) => {
    const reply = await withServed({ predict: raise(thrown) }, ({ client }) =>
      callPlain(client, predict, { strData: "" }),
    );
    expect(reply).toMatchObject({ code: grpcCodes[code], details });
  });

  it.each([
    { name: "an empty message", rpc: predict, request: {}, code: "INVALID_ARGUMENT" },
    {
      name: "a tensor that does not fit",
      rpc: predict,
      request: { data: { tensor: { shape: [2], values: [1] } } },
      code: "INVALID_ARGUMENT",
    },
    {
      name: "a route that is not defined",
      rpc: seldonRpc("Router/Route"),
      request: { strData: "" },
      code: "INVALID_ARGUMENT",
    },
    {
      name: "a reply that is no message",
      rpc: seldonRpc("Transformer/TransformInput"),
      request: { strData: "" },
      code: "UNKNOWN",
    },
  ] as const)("$name is $code", async ({ rpc, request, code }) => {
    const model: Model = { predict: echo, transformInputRaw: () => ({ text: 1 }) };
    const reply = await withServed(model, ({ client }) => callPlain(client, rpc, request));
    expect(reply.code).toBe(grpcCodes[code]);
  });

  it("tells why there is no metadata", async () => {
    const metadata = new ComponentError("bad", {
      status: 500,
      reason: "MICROSERVICE_BAD_METADATA",
    });
    const rpc = metadataRpc("Model/Metadata", "google.protobuf.Empty");
    const reply = await withServed({}, ({ client }) => callPlain(client, rpc, {}), { metadata });
    expect(reply).toMatchObject({ code: grpcCodes.UNKNOWN, details: "bad" });
  });
});

/** A method that says when it is called, and never settles. */
const hanging = () => {
  let entered = (): void => {};
  const called = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const predict = (X: unknown): unknown => {
    if (X === "fast") return X;
    entered();
    return new Promise(() => {});
  };
  return { predict, called };
};

describe("calls at once", () => {
  const wait = (client: Client) => {
    const same = (bytes: Buffer): Buffer => bytes;
    const body = encode(predict.request, { strData: "slow" });
    let settle = (_code: number | undefined): void => {};
    const code = new Promise<number | undefined>((resolve) => {
      settle = resolve;
    });
    const call = client.makeUnaryRequest(predict.path, same, same, body, (error) =>
      settle(error?.code),
    );
    return { call, code };
  };

  it("end when the client leaves, and others are served", async () => {
    const model = hanging();
    await withServed(model, async ({ client }) => {
      const { call, code } = wait(client);
      await model.called;
      call.cancel();
      expect(await code).toBe(grpcCodes.CANCELLED);
      const next = await callPlain(client, predict, { strData: "fast" });
      expect(next.message).toMatchObject({ strData: "fast" });
    });
  });

  it("are refused beyond the limit", async () => {
    const model = hanging();
    const act = async ({ client }: Served) => {
      const { call } = wait(client);
      await model.called;
      const refused = await callPlain(client, predict, { strData: "fast" });
      expect(refused.code).toBe(grpcCodes.RESOURCE_EXHAUSTED);
      call.cancel();
    };
    await withServed(model, act, { maxConcurrentRequests: 1 });
  });
});

describe("grpc.health.v1", () => {
  const check: Rpc = {
    path: "/grpc.health.v1.Health/Check",
    request: "grpc.health.v1.HealthCheckRequest",
    response: "grpc.health.v1.HealthCheckResponse",
  };
  const sick = (): never => {
    throw new Error("no weights");
  };
  it.each([
    { name: "a model that says nothing", model: {}, service: "", status: "SERVING" },
    { name: "a service", model: {}, service: "seldon.protos.Model", status: "SERVING" },
    {
      name: "a model that is not healthy",
      model: { healthStatus: sick },
      service: "",
      status: "NOT_SERVING",
    },
  ])("$name", async ({ model, service, status }) => {
    const { message } = await withServed(model, ({ client }) =>
      callPlain(client, check, { service }),
    );
    expect(message).toEqual({ status });
  });
});
