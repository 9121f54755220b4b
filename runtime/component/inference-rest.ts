/** The paths of the protocol `v2` of a component. Source: Open Inference Protocol; engine contract, 3.1 and 5.1. */
import { version } from "../../api/version.ts";
import type { Logger } from "../../host/log.ts";
import { readCount } from "../headers.ts";
import type { HttpAnswer, HttpRequest, HttpStream } from "../server/http.ts";
import { cors } from "./cors.ts";
import { decompressed, headerOf } from "./decode.ts";
import { answerEvents, wantsEvents } from "./events.ts";
import type { Asked, Inference } from "./inference.ts";
import {
  type Addressee,
  type Body,
  readRequest,
  readRequests,
  writeResponse,
} from "./inference-json.ts";
import type { JsonObject } from "./message.ts";
import { asComponentError, ComponentError } from "./user.ts";

export type InferenceRestOptions = {
  readonly inference: Inference;
  readonly maxDecompressedBytes: number;
  readonly log: Logger;
};

export type Route = {
  readonly methods: readonly string[];
  readonly answer: (request: HttpRequest) => Promise<HttpAnswer | HttpStream>;
};

const get = (answer: Route["answer"]): Route => ({ methods: ["GET"], answer });

/** Whether a path is of this protocol. */
export const isV2 = (path: string): boolean => path === "/v2" || path.startsWith("/v2/");

const jsonType = ["Content-Type", "application/json", ...cors] as const;

const answerJson = (value: object, status = 200): HttpAnswer => ({
  status,
  headers: jsonType,
  body: JSON.stringify(value),
});

/** Source: Open Inference Protocol, inference response JSON error object. */
export const v2Error = ({ status, message }: ComponentError): HttpAnswer =>
  answerJson({ error: message }, status);

/** The route of a path; undefined if there is none. */
export const makeV2Routes = (
  options: InferenceRestOptions,
): ((path: string) => Route | undefined) => {
  const fixed = new Map([
    ["/v2", get(async () => answerJson(serverMetadata))],
    ["/v2/health/live", get(async () => answerJson({ live: true }))],
    ["/v2/health/ready", get(() => answerReady(options.inference, { ready: true }))],
  ]);
  return (path) => fixed.get(path) ?? modelRoute(path, options);
};

/** Source: Open Inference Protocol, server metadata. */
export const serverMetadata = {
  name: "espalier",
  version,
  extensions: ["binary_tensor_data"],
} as const;

/** `/v2/models/NAME`, with or without a version, and what is asked of it. */
const modelPath =
  /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(ready|infer|infer_stream|route|aggregate))?$/;

const modelRoute = (path: string, options: InferenceRestOptions): Route | undefined => {
  const { inference } = options;
  const [, model, modelVersion, asked] = modelPath.exec(path) ?? [];
  if (model === undefined) return undefined;
  const addressee = {
    model: decoded(model),
    version: modelVersion === undefined ? undefined : decoded(modelVersion),
  };
  switch (asked) {
    case undefined:
      return get(async () => answerJson(inference.metadata()));
    case "ready":
      return get(() => answerReady(inference, { name: addressee.model, ready: true }));
    case "infer_stream":
      return { methods: ["POST"], answer: (request) => answerStream(request, addressee, options) };
    default:
      return {
        methods: ["POST"],
        // the pattern has no other words
        answer: (request) => answerInfer(request, asked as Asked, addressee, options),
      };
  }
};

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

const answerReady = async (inference: Inference, ready: JsonObject): Promise<HttpAnswer> => {
  const reason = await inference.readiness();
  if (reason === undefined) return answerJson(ready);
  throw new ComponentError(`the model is not ready: ${reason}`, { status: 503 });
};

const bodyOf = async (request: HttpRequest, maxDecompressedBytes: number): Promise<Body> => ({
  bytes: await decompressed(request, maxDecompressedBytes),
  jsonBytes: readCount(headerOf(request.headers, "inference-header-content-length")),
});

/** Responses as events; none of them has binary tensors, which a text cannot carry. */
const answerStream = async (
  request: HttpRequest,
  addressee: Addressee,
  { inference, maxDecompressedBytes, log }: InferenceRestOptions,
): Promise<HttpStream> => {
  const asked = readRequest(await bodyOf(request, maxDecompressedBytes), addressee);
  const parts = async function* (): AsyncGenerator<string> {
    for await (const response of inference.stream(asked, "rest")) {
      yield writeResponse(response, undefined).body.toString();
    }
  };
  return answerEvents(parts(), (thrown) => {
    log.error({ err: thrown }, "a stream failed");
    return JSON.stringify({ error: asComponentError(thrown).message });
  });
};

const answerInfer = async (
  request: HttpRequest,
  asked: Asked,
  addressee: Addressee,
  options: InferenceRestOptions,
): Promise<HttpAnswer | HttpStream> => {
  const { inference, maxDecompressedBytes } = options;
  if (asked === "infer" && inference.streams && wantsEvents(request)) {
    return answerStream(request, addressee, options);
  }
  const body = await bodyOf(request, maxDecompressedBytes);
  const combines = asked === "aggregate" || (asked === "infer" && inference.combines);
  const requests = combines ? readRequests(body, addressee) : [readRequest(body, addressee)];
  const response = await inference.infer(asked, requests, "rest");
  const { body: written, jsonBytes } = writeResponse(response, requests[0]);
  if (jsonBytes === undefined) return { status: 200, headers: jsonType, body: written };
  const headers = [
    ...["Content-Type", "application/octet-stream", ...cors],
    ...["Inference-Header-Content-Length", String(jsonBytes)],
  ];
  return { status: 200, headers, body: written };
};
