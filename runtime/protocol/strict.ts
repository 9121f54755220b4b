/**
 * Does a JSON value read as one of the protocol's messages, with no field too many?
 *
 * v1 reads router answers and feedback strictly: a message with an unknown field is no message.
 * Proto3 JSON takes a field's own name beside the one in camel case.
 * Source: engine contract 2.7, 4.2, 6.4 and 6.7.
 */
type Check = (value: unknown) => boolean;

const any: Check = () => true;
const text: Check = (value) => typeof value === "string";
const number: Check = (value) =>
  typeof value === "number" ||
  (typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value))) ||
  value === "NaN";
/** An int32. */
const whole: Check = (value) => number(value) && (Number(value) | 0) === Number(value);
/** An enum is one of its names, or a number. */
const oneOf =
  (...names: readonly string[]): Check =>
  (value) =>
    names.some((name) => name === value) || whole(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const mapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
const message =
  (fields: () => Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) &&
    Object.entries(value).every(([key, field]) => {
      const check = Object.hasOwn(fields(), key) ? fields()[key] : undefined;
      return check !== undefined && orNull(check)(field);
    });

const status = message(() => ({
  code: whole,
  info: text,
  reason: text,
  status: oneOf("SUCCESS", "FAILURE"),
}));
const metric = message(() => ({
  key: text,
  type: oneOf("COUNTER", "GAUGE", "TIMER"),
  value: number,
  tags: mapOf(text),
}));
const meta = message(() => ({
  puid: text,
  tags: mapOf(any),
  routing: mapOf(whole),
  requestPath: mapOf(text),
  request_path: mapOf(text),
  metrics: listOf(metric),
}));
const tensor = message(() => ({ shape: listOf(whole), values: listOf(number) }));
const data = message(() => ({
  names: listOf(text),
  tensor,
  ndarray: listOf(any),
  tftensor: isObject,
}));

export const isSeldonMessage = message(() => ({
  status,
  meta,
  data,
  binData: text,
  strData: text,
  jsonData: any,
  customData: isObject,
  bin_data: text,
  str_data: text,
  json_data: any,
  custom_data: isObject,
}));

const shortFeedback = message(() => ({
  request: isObject,
  response: isObject,
  reward: number,
  truth: isObject,
  puid: text,
  routing: mapOf(whole),
}));

/** Of ours: what Feedback has, and beside it the request's id or its routes. */
export const isShortFeedback: Check = (value) =>
  isObject(value) && ("puid" in value || "routing" in value) && shortFeedback(value);

export const isFeedback = message(() => ({
  request: isSeldonMessage,
  response: isSeldonMessage,
  reward: number,
  truth: isSeldonMessage,
}));
