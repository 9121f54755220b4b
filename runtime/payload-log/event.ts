/** A logged payload as a CloudEvent 1.0 in binary mode over HTTP. Source: engine contract, 7.2. */
import { randomUUID } from "node:crypto";
import type { Payload } from "../payload.ts";
import type { Sink } from "./sink.ts";
import { claimedBytes, type Unpack } from "./unpack.ts";

/** Source: engine contract, 7.2. */
export const eventTypes = {
  request: "io.seldon.serving.inference.request",
  response: "io.seldon.serving.inference.response",
  feedback: "io.seldon.serving.feedback",
} as const;
export type EventType = keyof typeof eventTypes;

/** What all events of an engine say of it. */
export type Origin = {
  readonly deployment: string;
  readonly namespace: string;
  readonly predictor: string;
  readonly protocol: string;
  /** The address of the engine. */
  readonly source: string;
};

/** One payload on its way to a sink. Its bytes are shared with the request, never copied. */
export type PayloadEvent = {
  readonly sink: Sink;
  /** Header names and values by turns: those that all events of its kind share. */
  readonly fixed: readonly string[];
  readonly requestId: string;
  readonly payload: Payload;
  /** When it happened, in milliseconds since the epoch. */
  readonly at: number;
  /** What it counts against the bound of the queue. */
  readonly bytes: number;
};

/** What an event takes beside its payload and the request id. */
export const eventOverheadBytes = 1024;

/** Headers of all events of one type about one node. Source: engine contract, 7.2. */
export const fixedHeaders = (
  { deployment, namespace, predictor, protocol, source }: Origin,
  node: string,
  type: EventType,
): readonly string[] =>
  [
    ["Ce-Specversion", "1.0"],
    ["Ce-Type", eventTypes[type]],
    ["Ce-Source", source],
    ["Ce-Modelid", node],
    ["Ce-Inferenceservicename", deployment],
    ["Ce-Namespace", namespace],
    ["Ce-Endpoint", predictor],
    ["Ce-Protocol", protocol],
  ].flatMap(([name = "", value = ""]) => [name, headerText(value)]);

const isGzip = ({ contentEncoding }: Payload): boolean => contentEncoding?.toLowerCase() === "gzip";

/**
 * What an event takes of the memory. A compressed payload counts unpacked as well, since it is
 * sent so; and one that is a part of a larger buffer as the whole, which it keeps.
 */
export const eventBytes = (payload: Payload, requestId: string): number => {
  const { body, contentType } = payload;
  const whole = body.buffer.byteLength > Buffer.poolSize ? body.buffer.byteLength : body.length;
  const unpacked = isGzip(payload) ? claimedBytes(body) : 0;
  return eventOverheadBytes + whole + unpacked + requestId.length + (contentType?.length ?? 0);
};

/** The request of an event: all headers, and the body unpacked. Rejects as `unpack` does. */
export const eventRequest = async (
  { fixed, requestId, payload, at }: PayloadEvent,
  unpack: Unpack,
): Promise<{ readonly headers: readonly string[]; readonly body: Buffer }> => {
  const headers = [
    ...fixed,
    ...["Ce-Id", randomUUID(), "Ce-Time", new Date(at).toISOString()],
    ...["Ce-Requestid", headerText(requestId)],
    ...contentHeaders(payload),
  ];
  return { headers, body: isGzip(payload) ? await unpack(payload.body) : payload.body };
};

/** Source: engine contract, 7.2. Codings other than gzip stay, and so does where binary data begins. */
const contentHeaders = (payload: Payload): readonly string[] => {
  const { message, contentType, contentEncoding, jsonBytes } = payload;
  if (message !== undefined) return ["Content-Type", "application/protobuf"];
  const headers: string[] = [];
  if (contentType) headers.push("Content-Type", headerText(contentType));
  if (contentEncoding && !isGzip(payload)) {
    headers.push("Content-Encoding", headerText(contentEncoding));
  }
  if (jsonBytes !== undefined) headers.push("Inference-Header-Content-Length", String(jsonBytes));
  return headers;
};

/** What no header can hold is percent-encoded. Source: CloudEvents HTTP binding 1.0, 3.1.3.2. */
const headerText = (text: string): string =>
  text.replace(/[^\x20-\x7e]+/gu, (odd) => encodeURIComponent(odd.toWellFormed()));
