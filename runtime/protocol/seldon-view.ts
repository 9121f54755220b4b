/** Numbers in and out of the `data` of a SeldonMessage as JSON. Source: engine contract, 2.7. */
import type { NumericView } from "../nodes/view.ts";
import type { Payload } from "../payload.ts";
import {
  finite,
  kindOf,
  type Numbers,
  nest,
  numeric,
  readFlat,
  readNested,
  sizeOf,
  unfit,
} from "./nested.ts";
import type { DataForm } from "./protocol.ts";
import { jsonNumber, readTensorJson, tensorJson } from "./tensor-json.ts";

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parseMessage = (bytes: Buffer): Loose | undefined => {
  try {
    const message: unknown = JSON.parse(bytes.toString());
    return isObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
};

/** @throws {EngineError} PAYLOAD_UNFIT, naming the place of the first value that is no number. */
export const readView = (bytes: Buffer): NumericView => {
  const message = parseMessage(bytes);
  if (message === undefined) throw unfit("it is not a JSON object");
  const data = message["data"];
  if (!isObject(data)) throw unfit('it has no "data" with an ndarray or a tensor');
  const names = Array.isArray(data["names"]) ? data["names"].map(nameOf) : [];
  if (Array.isArray(data["ndarray"]))
    return { ...readNested(data["ndarray"], "data.ndarray", numeric), names };
  if (isObject(data["tensor"])) return { ...readTensor(data["tensor"]), names };
  if (isObject(data["tftensor"]))
    return { ...readTensorJson(data["tftensor"], "data.tftensor"), names };
  throw unfit('"data" holds neither an ndarray nor a tensor nor a tftensor');
};

/** The numbers of a SeldonMessage if it has data, else of a message that `other` reads: feedback holds both. */
export const readEither = (bytes: Buffer, other: (bytes: Buffer) => NumericView): NumericView =>
  parseMessage(bytes)?.["data"] === undefined ? other(bytes) : readView(bytes);

const nameOf = (name: unknown): string => (typeof name === "string" ? name : kindOf(name));

/** Proto3 JSON also writes numbers as strings. */
const lengthOf = (length: unknown): number =>
  typeof length === "string" || typeof length === "number" ? Number(length) : Number.NaN;

const readTensor = (tensor: Loose): Numbers => {
  const values = Array.isArray(tensor["values"]) ? tensor["values"] : [];
  const shape = Array.isArray(tensor["shape"]) ? tensor["shape"].map(lengthOf) : [values.length];
  if (sizeOf(shape) !== values.length) {
    throw unfit(
      `data.tensor has ${values.length} values, which is not what its shape [${shape}] asks for`,
    );
  }
  return { shape, values: readFlat(values, "data.tensor.values", numeric) };
};

/**
 * A message that holds the view's numbers: in the form `form`, else in that of the first of `like`.
 * Tags and request paths of all of `like` are merged, the later one wins; metrics are put one
 * after the other; the puid is the first one's. Source: engine contract, 11.5 (aggregate).
 */
export const writeView = (
  { shape, values, names }: NumericView,
  like: readonly Buffer[],
  form: DataForm | undefined,
): Payload => {
  const messages = like.map((bytes, i) =>
    bytes.includes('"meta"') || (i === 0 && form === undefined) ? parseMessage(bytes) : undefined,
  );
  const chosen = form ?? formOf(messages[0]?.["data"]);
  const data = { ...(names.length > 0 && { names }), ...inForm({ shape, values }, chosen) };
  const meta = mergeMeta(messages.map((one) => one?.["meta"]));
  const body = Buffer.from(stringify({ meta, data }));
  return { body, contentType: "application/json", contentEncoding: undefined };
};

type Form = DataForm | "tftensor";

const formOf = (data: unknown): Form => {
  if (!isObject(data)) return "ndarray";
  if (isObject(data["tensor"])) return "tensor";
  return isObject(data["tftensor"]) ? "tftensor" : "ndarray";
};

const inForm = ({ shape, values }: Numbers, form: Form): object => {
  switch (form) {
    case "tensor":
      return { tensor: { shape, values: values.map(jsonNumber) } };
    case "ndarray":
      return { ndarray: nest(finite(values), shape) };
    case "tftensor":
      return { tftensor: tensorJson({ shape, values }) };
  }
};

/** JSON.parse reads arrays of any depth, JSON.stringify overflows the stack. */
const stringify = (message: object): string => {
  try {
    return JSON.stringify(message);
  } catch (cause) {
    throw unfit("its meta is nested too deeply", cause);
  }
};

const mergeMeta = (metas: readonly unknown[]): object => {
  const found = metas.filter(isObject);
  if (found.length === 0) return {};
  const merged = (key: string): Loose =>
    Object.assign({}, ...found.map((meta) => meta[key]).filter(isObject));
  const puid = found
    .map((meta) => meta["puid"])
    .find((one) => typeof one === "string" && one !== "");
  const metrics = found.flatMap((meta) => (Array.isArray(meta["metrics"]) ? meta["metrics"] : []));
  const kept: Loose = { tags: merged("tags"), requestPath: merged("requestPath") };
  return {
    ...(puid !== undefined && { puid }),
    ...Object.fromEntries(
      Object.entries(kept).filter(([, value]) => Object.keys(value as Loose).length > 0),
    ), // merged() made them objects
    ...(metrics.length > 0 && { metrics }),
  };
};
