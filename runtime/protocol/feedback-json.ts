/** Feedback as JSON: a Feedback of the protocol `seldon`, or `{"reward": 1, "puid": "..."}`. */
import { EngineError } from "../errors.ts";
import type { Payload } from "../payload.ts";
import type { FeedbackParts } from "./protocol.ts";

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws {EngineError} MESSAGE_UNREADABLE for what is no JSON object, or has a reward that is no number. */
export const readFeedback = (bytes: Buffer): FeedbackParts => {
  const feedback = parsed(bytes);
  const { reward = 0, request, response, truth, puid } = feedback;
  const value = typeof reward === "string" && reward.trim() !== "" ? Number(reward) : reward;
  if (value !== null && (typeof value !== "number" || Number.isNaN(value))) {
    throw unreadable(`its reward is ${JSON.stringify(reward)}; write a number`);
  }
  return {
    id: [puid, idOf(response), idOf(request)].find((one) => typeof one === "string" && one !== ""),
    reward: value ?? 0,
    request: asPayload(request),
    truth: asPayload(truth),
  } as FeedbackParts; // the id that was found is a string
};

const parsed = (bytes: Buffer): Loose => {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (cause) {
    throw unreadable("it is not JSON", cause);
  }
  if (!isObject(value)) throw unreadable("it is not a JSON object");
  return value;
};

const idOf = (message: unknown): unknown => {
  const meta = isObject(message) ? message["meta"] : undefined;
  return isObject(meta) ? meta["puid"] : undefined;
};

const asPayload = (message: unknown): Payload | undefined =>
  isObject(message)
    ? {
        body: Buffer.from(JSON.stringify(message)),
        contentType: "application/json",
        contentEncoding: undefined,
      }
    : undefined;

const unreadable = (why: string, cause?: unknown): EngineError =>
  new EngineError("MESSAGE_UNREADABLE", `feedback cannot be read: ${why}`, { cause });
