/** Feedback and tags in messages of the protocol `seldon` over gRPC. Source: engine contract, 4.2. */
import type { FeedbackRoutes } from "../engine/engine.ts";
import { ALL } from "../engine/node.ts";
import type { NumericView } from "../nodes/view.ts";
import type { Payload } from "../payload.ts";
import { readMessage } from "./proto-read.ts";
import type { FeedbackParts } from "./protocol.ts";
import { readView } from "./seldon-proto-view.ts";
import { rowOf } from "./seldon-proto-write.ts";
import { seldonMessage } from "./seldon-schema.ts";
import { embedded, mapEntries, textOf, without } from "./wire.ts";
import { numberOf, scalars } from "./wire-scalar.ts";
import { doubleField, lengthField, type Pieces, textField, varintField } from "./wire-write.ts";

/** @throws {EngineError} MESSAGE_UNREADABLE */
export const readFeedback = (feedback: Buffer): FeedbackParts => ({
  id: [embedded(feedback, 2), embedded(feedback, 1)].map(idOf).find((id) => id !== ""),
  reward: numberOf(feedback, 3, scalars.float) ?? 0,
  request: () => viewOf(embedded(feedback, 1)),
  truth: () => viewOf(embedded(feedback, 4)),
});

const viewOf = (message: Buffer | undefined): NumericView | undefined =>
  message && readView(message);

/** `response.meta.routing`. @throws {EngineError} MESSAGE_UNREADABLE. Source: engine contract, 6.7. */
export const routesOf = (feedback: Buffer): FeedbackRoutes => {
  const response = embedded(feedback, 2);
  const meta = response && embedded(response, 2);
  const routing = new Map(
    (meta === undefined ? [] : mapEntries(meta, 3)).map(({ key, entry }) => [
      key,
      numberOf(entry, 2, scalars.int32) ?? 0,
    ]),
  );
  return (node) => routing.get(node) ?? ALL;
};

const idOf = (message: Buffer | undefined): string => {
  const meta = message && embedded(message, 2);
  return meta === undefined ? "" : textOf(meta, 1);
};

/**
 * The message with tags beside its own; of entries of a map with one key the last one counts. It
 * has one `meta` then: a message in parts is not put together by every client's library.
 */
export const withTags = (payload: Payload, tags: Readonly<Record<string, unknown>>): Payload => {
  const entries = Object.entries(tags).flatMap(([name, value]) =>
    lengthField(2, [...textField(1, name), ...lengthField(2, valuePieces(value))]),
  );
  const { body } = payload;
  const meta = embedded(body, 2) ?? Buffer.alloc(0);
  const pieces = [...lengthField(2, [meta, ...entries]), ...without(body, 2)];
  return { ...payload, body: Buffer.concat(pieces) };
};

/** A google.protobuf.Value. Tags of built-in nodes are shallow. */
const valuePieces = (value: unknown): Pieces => {
  if (typeof value === "number") return [doubleField(2, value)];
  if (typeof value === "string") return textField(3, value);
  if (typeof value === "boolean") return varintField(4, Number(value));
  if (Array.isArray(value)) {
    if (value.every((one) => typeof one === "number")) return lengthField(6, [rowOf(value)]);
    return lengthField(
      6,
      value.flatMap((one) => lengthField(1, valuePieces(one))),
    );
  }
  if (typeof value !== "object" || value === null) return varintField(1, 0);
  const entries = Object.entries(value).flatMap(([name, one]) =>
    lengthField(1, [...textField(1, name), ...lengthField(2, valuePieces(one))]),
  );
  return lengthField(5, entries);
};

/** A message as it would be written over REST. @throws {EngineError} MESSAGE_UNREADABLE */
export const asJson = (message: Buffer): unknown =>
  readMessage(message, seldonMessage, (bytes) => bytes.toString("base64"));
