/** Messages of the protocol `v2` over REST. Source: engine contract, 3.3. */
import { EngineError } from "../errors.ts";
import type { NumericView } from "../nodes/view.ts";
import type { Payload } from "../payload.ts";
import { readFeedback, routesOf } from "./feedback-json.ts";
import { jsonList } from "./json-list.ts";
import { readJson } from "./nested.ts";
import { type Parts, partsOf, withoutBinary } from "./open-inference-binary.ts";
import { firstValue, isResponse, readView, writeView } from "./open-inference-view.ts";
import { plain } from "./plain.ts";
import type { Codec } from "./protocol.ts";
import { checkedRoute, excerpt, parseReply, routeInJson } from "./route-reply.ts";
import { readEither } from "./seldon-view.ts";
import { withRenamed } from "./splice.ts";
import { withMembers } from "./splice-into.ts";

/** v2 messages as JSON, with or without binary tensors. `limitBytes` bounds what a compressed one may unpack to. */
export const makeOpenInferenceJson = (limitBytes: number): Codec => ({
  chain: (message) => chain(message, partsOf(message, limitBytes)),
  /** A bare array of the answers, as under `seldon`; binary tensors become JSON first. */
  join: (answers) =>
    jsonList(
      answers.map((one) => withoutBinary(partsOf(one, limitBytes), limitBytes)),
      answers.some(({ jsonBytes }) => jsonBytes !== undefined)
        ? "application/json"
        : answers[0]?.contentType,
    ),
  route: (answer) => route(partsOf(answer, limitBytes)),
  // The protocol has no feedback, and its messages no meta.
  takesFeedback: false,
  feedbackRoutes: (message) => routesOf(() => plain(message, limitBytes)),
  feedback: (message) => readFeedback(plain(message, limitBytes), readPart),
  tag: (message, tags) => tag(message, partsOf(message, limitBytes), tags),
  json: (message) => readJson(withoutBinary(partsOf(message, limitBytes), limitBytes)),
  record: (message) => message,
  view: (message) => readView(partsOf(message, limitBytes)),
  write: (view, like, how) => ({
    body: writeView(view, like[0] && readable(like[0], limitBytes), how),
    contentType: "application/json",
    contentEncoding: undefined,
  }),
});

/** A message in feedback, which has no binary tensors. */
const readPart = (json: Buffer): NumericView =>
  readEither(json, (own) => readView({ json: own, binary: Buffer.alloc(0) }));

/** A parameter is a text, a number or a truth value: what is more is written as JSON in a text. */
const parameterOf = (value: unknown): unknown =>
  typeof value === "object" ? JSON.stringify(value) : value;

const tag = (
  message: Payload,
  { json, binary }: Parts,
  tags: Readonly<Record<string, unknown>>,
): Payload => {
  const parameters = Object.entries(tags).map(([name, value]) => [name, parameterOf(value)]);
  const tagged = withMembers(json, ["parameters"], Object.fromEntries(parameters));
  if (tagged === undefined) return message;
  return {
    ...message,
    body: binary.length === 0 ? tagged : Buffer.concat([tagged, binary]),
    contentEncoding: undefined,
    ...(message.jsonBytes !== undefined && { jsonBytes: tagged.length }),
  };
};

const renaming = { keep: ["inputs"], from: "outputs", to: "inputs" };

/** A response becomes a request: one key is renamed, every other byte stays. */
const chain = (message: Payload, { json, binary }: Parts): Payload => {
  const chained = withRenamed(json, renaming);
  if (chained === undefined) {
    // The wording is part of the interface. Source: engine contract, 3.3.
    throw new EngineError(
      "MESSAGE_UNREADABLE",
      "Failed to convert kfserving response so it could be chained to new input",
    );
  }
  if (chained === json) return message;
  return {
    ...message,
    body: binary.length === 0 ? chained : Buffer.concat([chained, binary]),
    contentEncoding: undefined,
    ...(message.jsonBytes !== undefined && { jsonBytes: chained.length }),
  };
};

/** The first value of the first output; or what a router of the protocol `seldon` would answer. */
const route = ({ json, binary }: Parts): number => {
  const answer = parseReply(json);
  const value = isResponse(answer) ? firstValue(answer.outputs, binary) : routeInJson(answer);
  return checkedRoute(value === undefined ? undefined : Math.trunc(value), excerpt(json));
};

const readable = (message: Payload, limitBytes: number): Buffer | undefined => {
  try {
    return partsOf(message, limitBytes).json;
  } catch {
    return undefined;
  }
};
