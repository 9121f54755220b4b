import { httpStatusOf } from "../errors.ts";
import type { RestProtocol, RestRoute, Verb } from "./protocol.ts";
import { makeSeldonJson } from "./seldon-json.ts";
import { seldonShapes } from "./seldon-shapes.ts";

/** Source: engine contract, 5.1. */
const paths: Readonly<Partial<Record<Verb, string>>> = {
  predict: "/predict",
  "transform-input": "/transform-input",
  "transform-output": "/transform-output",
  route: "/route",
  aggregate: "/aggregate",
  "send-feedback": "/send-feedback",
  status: "/health/status",
  metadata: "/metadata",
};

/** Source: engine contract, 2.1. */
const routes: readonly RestRoute[] = [
  { method: "POST", path: "/api/v0.1/predictions", action: "predict" },
  { method: "POST", path: "/api/v1.0/predictions", action: "predict" },
  { method: "POST", path: "/api/v0.1/feedback", action: "feedback" },
  { method: "POST", path: "/api/v1.0/feedback", action: "feedback" },
  { method: "GET", path: "/api/v0.1/status/{unit}", action: "status" },
  { method: "GET", path: "/api/v1.0/status/{unit}", action: "status" },
  { method: "GET", path: "/api/v1.0/status", action: "ready" },
  { method: "GET", path: "/api/v1.0/health/status", action: "ready" },
  { method: "GET", path: "/api/v0.1/metadata/{unit}", action: "metadata" },
  { method: "GET", path: "/api/v1.0/metadata/{unit}", action: "metadata" },
  { method: "GET", path: "/api/v1.0/metadata", action: "graph-metadata" },
];

/** Protocol `seldon` over REST. `limitBytes` bounds what a compressed message may unpack to. */
export const makeSeldonRest = (limitBytes: number): RestProtocol => ({
  codec: makeSeldonJson(limitBytes),
  routes,
  docs: {
    paths: ["/api/v0.1/doc/**", "/api/v1.0/doc/**"],
    file: "seldon.json",
    shapes: seldonShapes,
  },
  healthPath: "/api/v1.0/health/status",
  path: (verb) => paths[verb] ?? "/predict",
  healthy: () => ({ strData: "healthy" }),
  failure: (error) => ({
    status: httpStatusOf(error),
    headers: ["Content-Type", "application/json"],
    body: JSON.stringify({ status: { code: 500, info: error.message, status: "FAILURE" } }),
  }),
});
