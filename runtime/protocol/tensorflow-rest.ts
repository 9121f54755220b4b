import { pathSegment } from "./path-segment.ts";
import { plainFailure } from "./plain-failure.ts";
import type { RestProtocol, RestRoute, Verb } from "./protocol.ts";
import { makeTensorflowJson } from "./tensorflow-json.ts";

/** What follows `/v1/models/N` on a node's port; all else is a prediction. Source: engine contract, 5.1. */
const paths: Readonly<Partial<Record<Verb, string>>> = {
  route: ":route",
  aggregate: ":aggregate",
  status: "",
  metadata: "/metadata",
};

/** In the order of v1, which shows in Access-Control-Allow-Methods. Source: engine contract, 2.5 and 3.1. */
const routes: readonly RestRoute[] = [
  { method: "POST", path: "/v1/models/{unit}:predict", action: "predict" },
  { method: "POST", path: "/v1/models/{unit}/:predict", action: "predict" },
  { method: "POST", path: "/v1/models/:predict", action: "predict" },
  { method: "POST", path: "/v1/models:predict", action: "predict" },
  { method: "GET", path: "/v1/models/{unit}", action: "status" },
  { method: "GET", path: "/v1/models/{unit}/metadata", action: "metadata" },
  { method: "POST", path: "/api/v1.0/feedback", action: "feedback" },
];

/** Protocol `tensorflow` over REST. `limitBytes` bounds what a compressed message may unpack to. */
export const makeTensorflowRest = (limitBytes: number): RestProtocol => ({
  codec: makeTensorflowJson(limitBytes),
  routes,
  docs: undefined,
  // Such a server has no path that says whether it is ready. Source: engine contract, 10.5.
  healthPath: undefined,
  path: (verb, model) => `/v1/models/${pathSegment(model)}${paths[verb] ?? ":predict"}`,
  healthy: () => ({
    model_version_status: [
      { version: "1", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } },
    ],
  }),
  failure: plainFailure,
});
