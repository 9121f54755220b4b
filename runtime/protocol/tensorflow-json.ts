/** Messages of the protocol `tensorflow` over REST. Source: engine contract, 3.3; TensorFlow Serving REST API. */
import { EngineError } from "../errors.ts";
import type { NumericView } from "../nodes/view.ts";
import type { Payload } from "../payload.ts";
import { readFeedback, routesOf } from "./feedback-json.ts";
import { jsonList } from "./json-list.ts";
import { finite, nest, numericOrBoolean, readJson, readNested, unfit } from "./nested.ts";
import { plain } from "./plain.ts";
import type { Codec } from "./protocol.ts";
import { checkedRoute, excerpt, parseReply, routeInJson } from "./route-reply.ts";
import { readEither } from "./seldon-view.ts";
import { withRenamed } from "./splice.ts";

/** TensorFlow Serving's messages as JSON. `limitBytes` bounds what a compressed one may unpack to. */
export const makeTensorflowJson = (limitBytes: number): Codec => ({
  chain: (message) => chain(message, plain(message, limitBytes)),
  join: (answers) =>
    jsonList(
      answers.map((one) => plain(one, limitBytes)),
      answers[0]?.contentType,
    ),
  route: (answer) => route(plain(answer, limitBytes)),
  // Containers get no feedback in this protocol, and its messages have no meta.
  takesFeedback: false,
  feedbackRoutes: (message) => routesOf(() => plain(message, limitBytes)),
  feedback: (message) => readFeedback(plain(message, limitBytes), readPart),
  tag: (message) => message,
  json: (message) => readJson(plain(message, limitBytes)),
  record: (message) => message,
  view: (message) => readView(plain(message, limitBytes)),
  write: (view) => ({
    body: writeView(view),
    contentType: "application/json",
    contentEncoding: undefined,
  }),
});

const renaming = { keep: ["instances", "inputs"], from: "predictions", to: "instances" };

/** A response becomes a request: one key is renamed, every other byte stays. */
const chain = (message: Payload, json: Buffer): Payload => {
  const chained = withRenamed(json, renaming);
  if (chained === undefined) {
    // The wording is part of the interface. Source: engine contract, 3.3.
    throw new EngineError(
      "MESSAGE_UNREADABLE",
      "Failed to convert tensorflow response so it could be chained to new input",
    );
  }
  return chained === json ? message : { ...message, body: chained, contentEncoding: undefined };
};

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where values are: of responses by row and by column, and of requests likewise. */
const places = ["predictions", "outputs", "instances", "inputs"];

type Found = { readonly value: unknown; readonly place: string };

/** The values of a message; of several named tensors, by column, those of the first. */
const find = (message: unknown): Found | undefined => {
  if (!isObject(message)) return undefined;
  const place = places.find((key) => message[key] !== undefined);
  if (place === undefined) return undefined;
  const value = message[place];
  const [named] = isObject(value) ? Object.entries(value) : [];
  return named === undefined
    ? { value, place }
    : { value: named[1], place: `${place}.${named[0].slice(0, 100)}` };
};

/** The first value, however deep; or what a router of the protocol `seldon` would answer. */
const route = (json: Buffer): number => {
  const answer = parseReply(json);
  const found = find(answer);
  let value = found?.value;
  while (Array.isArray(value)) value = value[0];
  const number = found === undefined ? routeInJson(answer) : numericOrBoolean(value);
  return checkedRoute(number === undefined ? undefined : Math.trunc(number), excerpt(json));
};

/** @throws {EngineError} PAYLOAD_UNFIT, naming the place of the first value that is no number. */
const readView = (json: Buffer): NumericView => {
  const found = find(parse(json));
  if (found === undefined) throw unfit(`it has none of "${places.join('", "')}"`);
  return { ...readNested(found.value, found.place, numericOrBoolean), names: [] };
};

/** A message in feedback. */
const readPart = (json: Buffer): NumericView => readEither(json, readView);

const parse = (json: Buffer): unknown => {
  try {
    return JSON.parse(json.toString());
  } catch (cause) {
    throw unfit("it is not JSON", cause);
  }
};

const writeView = ({ shape, values }: NumericView): Buffer =>
  Buffer.from(JSON.stringify({ predictions: nest(finite(values), shape) }));
