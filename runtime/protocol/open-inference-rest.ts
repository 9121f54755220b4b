import { makeOpenInferenceJson } from "./open-inference-json.ts";
import { openInferenceShapes } from "./open-inference-shapes.ts";
import { pathSegment } from "./path-segment.ts";
import { plainFailure } from "./plain-failure.ts";
import type { RestProtocol, RestRoute, Verb } from "./protocol.ts";

/** What follows `/v2/models/N` on a node's port. Source: engine contract, 5.1; Triton's and MLServer's generate extension. */
const paths: Readonly<Record<Exclude<Verb, "send-feedback">, string>> = {
  predict: "/infer",
  "transform-input": "/infer",
  "transform-output": "/infer",
  route: "/route",
  aggregate: "/aggregate",
  "infer-stream": "/infer_stream",
  generate: "/generate",
  "generate-stream": "/generate_stream",
  status: "/ready",
  metadata: "",
};

/**
 * In the order of v1, which shows in Access-Control-Allow-Methods; then what is new: streams, and
 * the server's own endpoints. Source: engine contract, 2.5 and 3.1; deviation E8.
 */
const routes: readonly RestRoute[] = [
  { method: "POST", path: "/v2/models/{unit}/infer", action: "predict" },
  { method: "POST", path: "/v2/models/infer", action: "predict" },
  { method: "GET", path: "/v2/models/{unit}/ready", action: "status" },
  { method: "GET", path: "/v2/models/{unit}", action: "metadata" },
  { method: "GET", path: "/v2/health/ready", action: "ready" },
  {
    method: "POST",
    path: "/v2/models/{unit}/infer_stream",
    action: "stream",
    verb: "infer-stream",
  },
  {
    method: "POST",
    path: "/v2/models/{unit}/generate_stream",
    action: "stream",
    verb: "generate-stream",
  },
  { method: "GET", path: "/v2/health/live", action: "server-live" },
  { method: "GET", path: "/v2", action: "server-metadata" },
];

/**
 * Protocol `v2`, the Open Inference Protocol, over REST. `limitBytes` bounds what a compressed
 * message may unpack to; `version` is the engine's.
 */
export const makeOpenInferenceRest = (limitBytes: number, version: string): RestProtocol => ({
  codec: makeOpenInferenceJson(limitBytes),
  routes,
  docs: { paths: ["/v2/docs/**"], file: "dataplane.yaml", shapes: openInferenceShapes },
  healthPath: "/v2/health/ready",
  path: (verb, model) =>
    `/v2/models/${pathSegment(model)}${verb === "send-feedback" ? "/infer" : paths[verb]}`,
  about: () => ({
    status: 200,
    headers: ["Content-Type", "application/json"],
    body: JSON.stringify({ name: "espalier", version, extensions: ["binary_tensor_data"] }),
  }),
  healthy: (name) => ({ name, ready: true }),
  failure: plainFailure,
});
