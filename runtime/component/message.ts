/**
 * The message that flows between the nodes of a graph, in its JSON form, and what is read of it.
 *
 * Source: engine contract, 2.7, 11.2 and 11.5.
 */
import { reshape } from "./tensor.ts";
import { decodeTensorProto } from "./tftensor.ts";
import { ComponentError, type Meta, type Metric } from "./user.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** How a message holds what a reply can hold likewise; undefined for a text, bytes or JSON. */
export type Encoding = "tensor" | "ndarray" | "tftensor" | "customData" | undefined;

/** What a user's method gets of a message. */
export type Content = {
  readonly value: unknown;
  readonly names: readonly string[];
  readonly encoding: Encoding;
};

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);

/** A message has to be an object. @throws {ComponentError} 400 */
export const asMessage = (value: unknown, where = "the message"): JsonObject => {
  if (isObject(value)) return value;
  throw new ComponentError(`${where} must be a JSON object, not ${kindOf(value)}`);
};

export const kindOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value === undefined) return "nothing";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
};

/**
 * The content of a message, in the order in which its fields count.
 *
 * @throws {ComponentError} 400 when there is none, or it cannot be read.
 */
export const contentOf = (message: JsonObject): Content => {
  const { data, jsonData, strData, binData, customData } = message;
  if (present(data)) return dataOf(asMessage(data, "data"));
  if (jsonData !== undefined) return { value: jsonData, names: [], encoding: undefined };
  if (present(strData)) return { value: textOf(strData), names: [], encoding: undefined };
  if (present(binData)) return { value: bytesOf(binData), names: [], encoding: undefined };
  if (present(customData)) return { value: customData, names: [], encoding: "customData" };
  const keys = Object.keys(message).join(", ");
  throw new ComponentError(
    `Invalid request data type: expected data, jsonData, strData, binData or customData, got ${keys === "" ? "an empty message" : keys}`,
  );
};

/** What is read of a feedback's messages: `data` alone, else an empty array. Source: engine contract, 11.4. */
export const dataContentOf = (message: JsonObject): Content =>
  present(message["data"])
    ? dataOf(asMessage(message["data"], "data"))
    : { value: [], names: [], encoding: undefined };

/** A field that is null counts as absent, as in proto3 JSON. */
const present = (value: unknown): boolean => value !== undefined && value !== null;

const dataOf = (data: JsonObject): Content => {
  const names = namesOf(data["names"]);
  const { tensor, ndarray, tftensor } = data;
  if (present(tensor)) {
    return { value: tensorOf(asMessage(tensor, "data.tensor")), names, encoding: "tensor" };
  }
  if (present(ndarray)) {
    if (!Array.isArray(ndarray)) throw notList("data.ndarray", ndarray);
    return { value: ndarray, names, encoding: "ndarray" };
  }
  if (present(tftensor)) {
    const value = decodeTensorProto(asMessage(tftensor, "data.tftensor"));
    return { value, names, encoding: "tftensor" };
  }
  return { value: [], names, encoding: "ndarray" };
};

const namesOf = (names: unknown): readonly string[] => {
  if (!present(names)) return [];
  const list: readonly unknown[] | undefined = Array.isArray(names) ? names : undefined;
  // Columns without names of their own have numbers in many clients; a class gets them as text.
  if (list?.every((name) => typeof name === "string" || typeof name === "number")) {
    return list.map(String);
  }
  throw new ComponentError("data.names must be a list of strings");
};

const tensorOf = ({ shape = [], values = [] }: JsonObject): readonly unknown[] => {
  if (!Array.isArray(values)) throw notList("data.tensor.values", values);
  if (!Array.isArray(shape)) throw notList("data.tensor.shape", shape);
  if (!shape.every(Number.isInteger)) {
    throw new ComponentError("data.tensor.shape must hold whole numbers");
  }
  return reshape(values.every(isNumber) ? values : values.map(numberOf), shape);
};

const isNumber = (value: unknown): value is number => typeof value === "number";

/** A number, or a string that stands for one: NaN and infinities come so in proto3 JSON. */
const numberOf = (value: unknown): number => {
  if (isNumber(value)) return value;
  if (value === "NaN") return Number.NaN;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (!Number.isNaN(number)) return number;
  throw new ComponentError(
    `data.tensor.values must hold numbers, not ${kindOf(value)}: use data.ndarray for anything else`,
  );
};

const textOf = (strData: unknown): string => {
  if (typeof strData === "string") return strData;
  throw new ComponentError(`strData must be a string, not ${kindOf(strData)}`);
};

const bytesOf = (binData: unknown): Buffer => {
  if (Buffer.isBuffer(binData)) return binData;
  if (typeof binData === "string") return Buffer.from(binData, "base64");
  throw new ComponentError(`binData must be a string in base64, not ${kindOf(binData)}`);
};

const notList = (path: string, value: unknown): ComponentError =>
  new ComponentError(`${path} must be a list, not ${kindOf(value)}`);

/** The `meta` of a message, with its parts checked. @throws {ComponentError} 400 */
export const metaOf = (message: JsonObject): Meta => {
  const { meta } = message;
  if (!present(meta)) return {};
  const object = asMessage(meta, "meta");
  for (const key of ["tags", "routing", "requestPath"]) {
    if (present(object[key])) asMessage(object[key], `meta.${key}`);
  }
  const { metrics, puid } = object;
  if (present(metrics) && !Array.isArray(metrics)) throw notList("meta.metrics", metrics);
  if (present(puid) && typeof puid !== "string") {
    throw new ComponentError(`meta.puid must be a string, not ${kindOf(puid)}`);
  }
  return object as Meta; // each part was checked above
};

/** The list that a combiner gets: a bare one, or a SeldonMessageList. @throws {ComponentError} 400 */
export const messagesOf = (body: unknown): readonly JsonObject[] => {
  const list = isObject(body) ? body["seldonMessages"] : body;
  if (!Array.isArray(list)) {
    throw new ComponentError(
      'Invalid request data type: aggregate takes a list of messages, or {"seldonMessages": [...]}',
    );
  }
  return list.map((each, i) => asMessage(each, `message ${i}`));
};

/** The parts of a reply's `meta`; empty ones are left out. */
export type ReplyMeta = {
  readonly puid: string | undefined;
  readonly tags: Readonly<Record<string, unknown>>;
  readonly metrics: readonly Metric[];
  readonly requestPath: Readonly<Record<string, string>>;
};

/** Source: engine contract, 11.5: keys sorted, always there. */
export const buildMeta = ({ puid, tags, metrics, requestPath }: ReplyMeta): Meta => ({
  ...(metrics.length === 0 ? {} : { metrics: metrics.map(sorted) }),
  ...(puid ? { puid } : {}),
  ...(Object.keys(requestPath).length === 0 ? {} : { requestPath: sorted(requestPath) }),
  ...(Object.keys(tags).length === 0 ? {} : { tags: sorted(tags) }),
});

/** The same object with its keys in order; what is in it keeps its own. A client's metric may be anything. */
const sorted = <T>(value: T): T => {
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries) as T; // the same keys with the same values
};
