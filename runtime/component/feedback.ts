import { asMessage, isObject, type JsonObject, kindOf } from "./message.ts";
import { ComponentError } from "./user.ts";

/** A message's fields and, for those that are messages themselves, theirs. `null`: anything below. */
type Fields = { readonly [field: string]: Fields | null };

const data: Fields = {
  names: null,
  ndarray: null,
  tensor: { shape: null, values: null },
  tftensor: null,
};

/** Source: engine contract, 2.7 and 4.2. */
const message: Fields = {
  status: { code: null, info: null, reason: null, status: null },
  meta: { puid: null, tags: null, routing: null, requestPath: null, metrics: null },
  data,
  binData: null,
  strData: null,
  jsonData: null,
  customData: null,
};

const feedback: Fields = { request: message, response: message, truth: message, reward: null };

export type Feedback = {
  readonly request: JsonObject;
  readonly response: JsonObject;
  readonly truth: JsonObject;
  readonly reward: number;
};

/**
 * Reads a feedback; unlike other messages it may hold no field that is not known.
 *
 * @throws {ComponentError} 400, naming the field.
 * Source: engine contract, 11.2.
 */
export const readFeedback = (body: unknown): Feedback => {
  const given = asMessage(body, "Invalid JSON: the feedback");
  checkFields(given, feedback, "");
  const { request, response, truth, reward } = given;
  return {
    request: isObject(request) ? request : {},
    response: isObject(response) ? response : {},
    truth: isObject(truth) ? truth : {},
    reward: readReward(reward),
  };
};

const checkFields = (value: JsonObject, fields: Fields, path: string): void => {
  for (const [field, inner] of Object.entries(value)) {
    const below = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (below === undefined) {
      throw new ComponentError(
        `Invalid JSON: ${path}${field} is not a known field: use ${Object.keys(fields).join(", ")}`,
      );
    }
    if (below === null || inner === null) continue;
    checkFields(asMessage(inner, `Invalid JSON: ${path}${field}`), below, `${path}${field}.`);
  }
};

/** Proto3 JSON lets a number come as a string. */
const readReward = (reward: unknown): number => {
  if (reward === undefined || reward === null) return 0;
  const number = typeof reward === "string" && reward.trim() !== "" ? Number(reward) : reward;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw new ComponentError(`Invalid JSON: reward must be a number, not ${kindOf(reward)}`);
};
