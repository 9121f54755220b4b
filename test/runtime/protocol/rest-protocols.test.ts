import { describe, expect, it } from "@jest/globals";
import { EngineError } from "../../../runtime/errors.ts";
import { makeOpenInferenceRest } from "../../../runtime/protocol/open-inference-rest.ts";
import type { RestProtocol, Verb } from "../../../runtime/protocol/protocol.ts";
import { makeSeldonRest } from "../../../runtime/protocol/seldon-rest.ts";
import { makeTensorflowRest } from "../../../runtime/protocol/tensorflow-rest.ts";
import { makeMatch } from "../../../runtime/server/routes.ts";

const v2 = makeOpenInferenceRest(1000, "1.2.3");
const tensorflow = makeTensorflowRest(1000);

/** As the server lists them: OPTIONS is answered on every route. */
const matchOf = ({ routes }: RestProtocol) =>
  makeMatch(
    routes.map((route) => ({
      ...route,
      methods: route.method === "POST" ? ["OPTIONS", "POST"] : ["GET", "OPTIONS"],
    })),
  );

describe("routes", () => {
  const both = "OPTIONS,POST,GET,OPTIONS";
  it.each([
    {
      protocol: v2,
      method: "POST",
      path: "/v2/models/m/infer",
      action: "predict",
      unit: "m",
      allow: "OPTIONS,POST",
    },
    {
      protocol: v2,
      method: "POST",
      path: "/v2/models/infer",
      action: "predict",
      unit: undefined,
      allow: both,
    },
    {
      protocol: v2,
      method: "GET",
      path: "/v2/models/infer",
      action: "metadata",
      unit: "infer",
      allow: both,
    },
    {
      protocol: v2,
      method: "GET",
      path: "/v2/models/m/ready",
      action: "status",
      unit: "m",
      allow: "GET,OPTIONS",
    },
    {
      protocol: v2,
      method: "GET",
      path: "/v2/models/m",
      action: "metadata",
      unit: "m",
      allow: "GET,OPTIONS",
    },
    {
      protocol: v2,
      method: "GET",
      path: "/v2/health/ready",
      action: "ready",
      unit: undefined,
      allow: "GET,OPTIONS",
    },
    {
      protocol: v2,
      method: "GET",
      path: "/v2/health/live",
      action: "server-live",
      unit: undefined,
      allow: "GET,OPTIONS",
    },
    {
      protocol: v2,
      method: "GET",
      path: "/v2",
      action: "server-metadata",
      unit: undefined,
      allow: "GET,OPTIONS",
    },
    {
      protocol: v2,
      method: "POST",
      path: "/v2/models/m/infer_stream",
      action: "stream",
      unit: "m",
      allow: "OPTIONS,POST",
    },
    {
      protocol: tensorflow,
      method: "POST",
      path: "/v1/models/m:predict",
      action: "predict",
      unit: "m",
      allow: both,
    },
    {
      protocol: tensorflow,
      method: "POST",
      path: "/v1/models/m/:predict",
      action: "predict",
      unit: "m",
      allow: "OPTIONS,POST",
    },
    {
      protocol: tensorflow,
      method: "POST",
      path: "/v1/models/:predict",
      action: "predict",
      unit: undefined,
      allow: both,
    },
    {
      protocol: tensorflow,
      method: "POST",
      path: "/v1/models:predict",
      action: "predict",
      unit: undefined,
      allow: "OPTIONS,POST",
    },
    {
      protocol: tensorflow,
      method: "GET",
      path: "/v1/models/m",
      action: "status",
      unit: "m",
      allow: "GET,OPTIONS",
    },
    {
      protocol: tensorflow,
      method: "GET",
      path: "/v1/models/m:predict",
      action: "status",
      unit: "m:predict",
      allow: both,
    },
    {
      protocol: tensorflow,
      method: "GET",
      path: "/v1/models/m/metadata",
      action: "metadata",
      unit: "m",
      allow: "GET,OPTIONS",
    },
    {
      protocol: tensorflow,
      method: "POST",
      path: "/api/v1.0/feedback",
      action: "feedback",
      unit: undefined,
      allow: "OPTIONS,POST",
    },
  ])("$method $path is $action", ({ protocol, method, path, action, unit, allow }) => {
    const found = matchOf(protocol)(method, path);
    if (found.is !== "route") throw new Error(found.is);
    expect([found.route.action, found.unit, found.allow]).toEqual([action, unit, allow]);
  });

  it.each([
    { protocol: v2, path: "/v2/models/m/versions/1/infer" },
    { protocol: v2, path: "/v2/models/m/versions/1" },
    { protocol: v2, path: "/v2/models/m/generate" },
    { protocol: v2, path: "/v2/repository/index" },
    { protocol: v2, path: "/v2/models/m/ready/" },
    { protocol: v2, path: "/api/v1.0/feedback" },
    { protocol: v2, path: "/api/v1.0/predictions" },
    { protocol: tensorflow, path: "/v1/models/m/versions/1:predict" },
    { protocol: tensorflow, path: "/v1/models/m/versions/1" },
    { protocol: tensorflow, path: "/api/v1.0/predictions" },
    { protocol: tensorflow, path: "/v2/models/m/infer" },
  ])("$path is unknown", ({ protocol, path }) => {
    expect(matchOf(protocol)("POST", path).is).toBe("unknown");
  });

  it.each(["/v1/models/m:classify", "/v1/models/m"])("POST %s is a wrong method", (path) => {
    expect(matchOf(tensorflow)("POST", path).is).toBe("wrong-method");
  });
});

describe("path", () => {
  const infer = "/v2/models/m/infer";
  const predict = "/v1/models/m:predict";
  it.each<[Verb, string, string]>([
    ["predict", infer, predict],
    ["transform-input", infer, predict],
    ["transform-output", infer, predict],
    ["route", "/v2/models/m/route", "/v1/models/m:route"],
    ["aggregate", "/v2/models/m/aggregate", "/v1/models/m:aggregate"],
    ["status", "/v2/models/m/ready", "/v1/models/m"],
    ["metadata", "/v2/models/m", "/v1/models/m/metadata"],
  ])("of %s is %s under v2 and %s under tensorflow", (verb, underV2, underTensorflow) => {
    expect([v2.path(verb, "m"), tensorflow.path(verb, "m")]).toEqual([underV2, underTensorflow]);
  });

  it.each([
    ["a-b_c.1:x@y=+~", "a-b_c.1:x@y=+~"],
    ["a b", "a%20b"],
    ["a\r\nX: y", "a%0D%0AX:%20y"],
    ["a?b#c/d%e", "a%3Fb%23c%2Fd%25e"],
    ["modèle", "mod%C3%A8le"],
    ["a!b'(c)*d;e,f$&", "a%21b%27%28c%29%2Ad;e,f$&"],
    ["\ud800", "%EF%BF%BD"],
  ])("escapes %j", (name, segment) => {
    expect(v2.path("metadata", name)).toBe(`/v2/models/${segment}`);
    expect(tensorflow.path("predict", name)).toBe(`/v1/models/${segment}:predict`);
  });

  it("streams under v2", () => {
    expect(v2.path("infer-stream", "m")).toBe("/v2/models/m/infer_stream");
    expect(v2.path("generate-stream", "m")).toBe("/v2/models/m/generate_stream");
  });
});

describe("failure", () => {
  const error = new EngineError("GRAPH_DEADLINE", 'it said "no"');
  it.each([
    { name: "v2", protocol: v2 },
    { name: "tensorflow", protocol: tensorflow },
  ])("is the plain form under $name", ({ protocol }) => {
    expect(protocol.failure(error)).toEqual({
      status: 504,
      headers: ["Content-Type", "application/json"],
      body: '{"error":"it said \\"no\\""}',
    });
  });
});

describe("the rest of a protocol", () => {
  it("says what the server is, under v2", () => {
    expect(JSON.parse(String(v2.about?.().body))).toEqual({
      name: "espalier",
      version: "1.2.3",
      extensions: ["binary_tensor_data"],
    });
    expect(tensorflow.about).toBeUndefined();
  });

  it("says where nodes are asked for their health", () => {
    expect([v2.healthPath, tensorflow.healthPath]).toEqual(["/v2/health/ready", undefined]);
  });

  it("sends nodes feedback under seldon only", () => {
    const protocols = [makeSeldonRest(1000), v2, tensorflow];
    expect(protocols.map(({ codec }) => codec.takesFeedback)).toEqual([true, false, false]);
  });
});
