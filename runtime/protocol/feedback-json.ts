/**
 * Feedback as JSON, in every protocol: a Feedback of the protocol `seldon`, or in short
 * `{"reward": 1, "puid": "...", "routing": {...}}`.
 */
import type { FeedbackRoutes } from "../engine/engine.ts";
import { ALL } from "../engine/node.ts";
import { EngineError } from "../errors.ts";
import type { NumericView } from "../nodes/view.ts";
import { skipSpace } from "./json-skip.ts";
import type { FeedbackParts } from "./protocol.ts";
import { findMember } from "./splice.ts";
import { isFeedback, isSeldonMessage, isShortFeedback } from "./strict.ts";

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * `view` reads the numbers of a message that is in the feedback.
 *
 * @throws {EngineError} MESSAGE_UNREADABLE for what is no JSON object, or has a reward that is no number.
 */
export const readFeedback = (
  json: Buffer,
  view: (message: Buffer) => NumericView,
): FeedbackParts => {
  const { reward, request, response, truth, puid } = parsed(json);
  const viewOf = (name: string, value: unknown): NumericView | undefined => {
    const span = isObject(value) ? findMember(json, skipSpace(json, 0), name)?.member : undefined;
    return span && view(json.subarray(span.start, span.end));
  };
  return {
    id: [puid, idOf(response), idOf(request)].find(isId),
    reward: rewardOf(reward),
    request: () => viewOf("request", request),
    truth: () => viewOf("truth", truth),
  };
};

const isId = (value: unknown): value is string => typeof value === "string" && value !== "";

/** Proto3 JSON also writes numbers as strings. */
const rewardOf = (reward: unknown): number => {
  if (reward === undefined || reward === null) return 0;
  const value = typeof reward === "string" && reward.trim() !== "" ? Number(reward) : reward;
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw unreadable(`its reward is ${JSON.stringify(reward)?.slice(0, 100)}; write a number`);
};

const parsed = (json: Buffer): Loose => {
  let value: unknown;
  try {
    value = JSON.parse(json.toString());
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

const unreadable = (why: string, cause?: unknown): EngineError =>
  new EngineError("MESSAGE_UNREADABLE", `feedback cannot be read: ${why}`, { cause });

/**
 * The routes of feedback: those of `response.meta.routing`, or of the short form's `routing`.
 * `json` is asked for when the first node asks: a graph without children never does.
 *
 * Source: engine contract, 6.7.
 */
export const routesOf = (json: () => Buffer): FeedbackRoutes => {
  let routing: Loose | undefined;
  return (node) => {
    routing ??= readRouting(json);
    const value = Object.hasOwn(routing, node) ? routing[node] : undefined;
    return value === undefined || value === null ? ALL : Number(value);
  };
};

const readRouting = (json: () => Buffer): Loose => {
  try {
    const feedback: unknown = JSON.parse(json().toString());
    if (isFeedback(feedback)) return routingIn(feedback);
    if (!isShortFeedback(feedback)) return {};
    const { routing } = feedback as { routing?: Loose | null }; // isShortFeedback has seen it
    return { ...routingIn(feedback), ...routing };
  } catch {
    return {}; // Feedback that is not JSON carries no routing: it goes to every child, as in v1.
  }
};

const routingIn = (feedback: unknown): Loose => {
  const { response } = feedback as { response?: { meta?: { routing?: Loose } | null } | null }; // both forms have an object there, or nothing
  return isSeldonMessage(response) ? (response?.meta?.routing ?? {}) : {};
};
