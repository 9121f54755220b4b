/**
 * Numbers in and out of the `data` of a SeldonMessage as JSON. What a built-in node makes is written
 * when its bytes are asked for: between two such nodes nobody does. Source: engine contract, 2.7.
 */
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

/** The nodes of a graph look at the same message one after the other: it is parsed for the first. */
let latest: { readonly bytes: Buffer; readonly message: Loose | undefined } | undefined;
/** Larger ones are not held on to. */
const largestHeldBytes = 16_384;

const parseMessage = (bytes: Buffer): Loose | undefined => {
  if (latest?.bytes === bytes) return latest.message;
  const message = parseObject(bytes);
  if (bytes.length <= largestHeldBytes) latest = { bytes, message };
  return message;
};

const parseObject = (bytes: Buffer): Loose | undefined => {
  try {
    const message: unknown = JSON.parse(bytes.toString());
    return isObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
};

/** What a message will say when it is written. */
type Made = {
  readonly numbers: NumericView;
  readonly form: Form;
  readonly meta: Loose;
  /** The same as JSON. */
  readonly metaText: string;
};

/**
 * A message that is not written yet. What is given can be written: its bytes, whenever they are
 * asked for, cannot fail. A class, since a getter in a literal costs half a microsecond and a
 * hidden class for each message; who copies one by spreading it has to give the copy its body.
 */
class Unwritten implements Payload {
  readonly contentType = "application/json";
  readonly contentEncoding = undefined;
  readonly made: Made;
  #body: Buffer | undefined;

  constructor(made: Made) {
    this.made = made;
  }

  get body(): Buffer {
    this.#body ??= Buffer.from(textOf(this.made));
    return this.#body;
  }
}

const madeOf = (message: Payload): Made | undefined =>
  message instanceof Unwritten ? message.made : undefined;

const textOf = ({ numbers, form, metaText }: Made): string => {
  const { names } = numbers;
  const data = { ...(names.length > 0 && { names }), ...inForm(numbers, form) };
  return `{"meta":${metaText},"data":${JSON.stringify(data)}}`;
};

export type BytesOf = (message: Payload) => Buffer;

/** @throws {EngineError} PAYLOAD_UNFIT, like `readView`. */
export const viewOf = (message: Payload, bytesOf: BytesOf): NumericView =>
  madeOf(message)?.numbers ?? readView(bytesOf(message));

/** The message with `meta.routing`; undefined if it is written already. */
export const routedView = (message: Payload, routing: string): Payload | undefined => {
  const made = madeOf(message);
  if (made === undefined) return undefined;
  const { metaText } = made;
  const rest = metaText === "{}" ? "}" : `,${metaText.slice(1)}`;
  return new Unwritten({ ...made, metaText: `{"routing":${routing}${rest}` });
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
  numbers: NumericView,
  like: readonly Payload[],
  form: DataForm | undefined,
  bytesOf: BytesOf,
): Payload => {
  const all = like.map((message, i) => {
    const made = madeOf(message);
    if (made !== undefined) return made;
    const bytes = bytesOf(message);
    const isRead = bytes.includes('"meta"') || (i === 0 && form === undefined);
    const { meta, data } = (isRead ? parseMessage(bytes) : undefined) ?? {};
    return { meta, form: formOf(data) };
  });
  const chosen = form ?? all[0]?.form ?? "ndarray";
  if (chosen === "ndarray") wantWritable(numbers);
  const meta = mergeMeta(all.map((one) => one.meta));
  return new Unwritten({ numbers, form: chosen, meta, metaText: stringify(meta) });
};

type Form = DataForm | "tftensor";

const formOf = (data: unknown): Form => {
  if (!isObject(data)) return "ndarray";
  if (isObject(data["tensor"])) return "tensor";
  return isObject(data["tftensor"]) ? "tftensor" : "ndarray";
};

/** @throws {EngineError} PAYLOAD_UNFIT for what `inForm` could not write as an ndarray. */
const wantWritable = ({ shape, values }: Numbers): void => {
  finite(values);
  if (values.length === 0) nest(values, shape);
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

const mergeMeta = (metas: readonly unknown[]): Loose => {
  let puid: unknown;
  let tags: Loose | undefined;
  let requestPath: Loose | undefined;
  let metrics: readonly unknown[] = [];
  for (const meta of metas) {
    if (!isObject(meta)) continue;
    if (puid === undefined || puid === "") puid = textIn(meta["puid"]);
    tags = merge(tags, meta["tags"]);
    requestPath = merge(requestPath, meta["requestPath"]);
    if (Array.isArray(meta["metrics"])) metrics = [...metrics, ...meta["metrics"]];
  }
  const merged: Record<string, unknown> = {};
  if (puid !== undefined && puid !== "") merged["puid"] = puid;
  if (tags !== undefined) merged["tags"] = tags;
  if (requestPath !== undefined) merged["requestPath"] = requestPath;
  if (metrics.length > 0) merged["metrics"] = metrics;
  return merged;
};

const textIn = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

/** An empty one counts as none. */
const merge = (before: Loose | undefined, more: unknown): Loose | undefined => {
  if (!isObject(more) || Object.keys(more).length === 0) return before;
  return before === undefined ? more : { ...before, ...more };
};
