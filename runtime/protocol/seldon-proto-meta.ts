/** Feedback and tags in messages of the protocol `seldon` over gRPC. Source: engine contract, 4.2. */
import type { Payload } from "../payload.ts";
import { nest } from "./nested.ts";
import type { FeedbackParts } from "./protocol.ts";
import { readView } from "./seldon-proto-view.ts";
import { embedded, textOf } from "./wire.ts";
import { numberOf, scalars } from "./wire-scalar.ts";
import { doubleField, lengthField, type Pieces, textField, varintField } from "./wire-write.ts";

/** @throws {EngineError} MESSAGE_UNREADABLE */
export const readFeedback = (feedback: Buffer): FeedbackParts => ({
  id: [embedded(feedback, 2), embedded(feedback, 1)].map(idOf).find((id) => id !== ""),
  reward: numberOf(feedback, 3, scalars.float) ?? 0,
  request: asPayload(embedded(feedback, 1)),
  truth: asPayload(embedded(feedback, 4)),
});

const idOf = (message: Buffer | undefined): string => {
  const meta = message && embedded(message, 2);
  return meta === undefined ? "" : textOf(meta, 1);
};

const asPayload = (body: Buffer | undefined): Payload | undefined =>
  body && {
    body,
    message: "seldon.protos.SeldonMessage",
    contentType: undefined,
    contentEncoding: undefined,
  };

/**
 * The message with tags beside its own: a second `meta` behind the first, which is how messages
 * merge; of entries of a map with one key the last one counts.
 */
export const withTags = (payload: Payload, tags: Readonly<Record<string, unknown>>): Payload => {
  const entries = Object.entries(tags).flatMap(([name, value]) =>
    lengthField(2, [...textField(1, name), ...lengthField(2, valuePieces(value))]),
  );
  return { ...payload, body: Buffer.concat([payload.body, ...lengthField(2, entries)]) };
};

/** A google.protobuf.Value. Tags of built-in nodes are shallow. */
const valuePieces = (value: unknown): Pieces => {
  if (typeof value === "number") return [doubleField(2, value)];
  if (typeof value === "string") return textField(3, value);
  if (typeof value === "boolean") return varintField(4, Number(value));
  if (Array.isArray(value)) {
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

/** The numbers of a message as they would be written over REST. @throws {EngineError} PAYLOAD_UNFIT */
export const asJson = (message: Buffer): unknown => {
  const { names, shape, values } = readView(message);
  return { data: { ...(names.length > 0 && { names }), ndarray: nest(values, shape) } };
};
