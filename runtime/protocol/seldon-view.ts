/** Numbers in and out of the `data` of a SeldonMessage as JSON. Source: engine contract, 2.7. */
import { EngineError } from "../errors.ts";
import type { NumericView } from "../nodes/view.ts";
import type { Payload } from "../payload.ts";
import type { DataForm } from "./protocol.ts";

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

const unfit = (why: string): EngineError =>
  new EngineError("PAYLOAD_UNFIT", `a built-in node cannot read the payload: ${why}`);

/** @throws {EngineError} PAYLOAD_UNFIT, naming the place of the first value that is no number. */
export const readView = (bytes: Buffer): NumericView => {
  const message = parseMessage(bytes);
  if (message === undefined) throw unfit("it is not a JSON object");
  const data = message["data"];
  if (!isObject(data)) throw unfit('it has no "data" with an ndarray or a tensor');
  const names = Array.isArray(data["names"]) ? data["names"].map(String) : [];
  if (Array.isArray(data["ndarray"])) return { ...readNdarray(data["ndarray"]), names };
  if (isObject(data["tensor"])) return { ...readTensor(data["tensor"]), names };
  throw unfit('"data" holds neither an ndarray nor a tensor');
};

type Numbers = { readonly shape: readonly number[]; readonly values: readonly number[] };

const readTensor = (tensor: Loose): Numbers => {
  const values = Array.isArray(tensor["values"]) ? tensor["values"] : [];
  const shape = Array.isArray(tensor["shape"]) ? tensor["shape"].map(Number) : [values.length];
  const size = shape.reduce((product, length) => product * length, 1);
  if (!shape.every((length) => Number.isInteger(length) && length >= 0) || size !== values.length) {
    throw unfit(`data.tensor has ${values.length} values, its shape [${shape}] asks for ${size}`);
  }
  return { shape, values: values.map((value, i) => numberAt(value, `data.tensor.values[${i}]`)) };
};

const deepest = 32;

const readNdarray = (ndarray: readonly unknown[]): Numbers => {
  const shape: number[] = [];
  for (let level: unknown = ndarray; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (shape.length > deepest) throw unfit(`data.ndarray is more than ${deepest} levels deep`);
  }
  const values: number[] = [];
  collect(ndarray, { shape, depth: 0, path: "data.ndarray", values });
  return { shape, values };
};

type Place = {
  readonly shape: readonly number[];
  readonly depth: number;
  readonly path: string;
  readonly values: number[];
};

const collect = (value: unknown, { shape, depth, path, values }: Place): void => {
  if (depth === shape.length) {
    values.push(numberAt(value, path));
    return;
  }
  if (!Array.isArray(value) || value.length !== shape[depth]) {
    throw unfit(`${path} does not have ${shape[depth]} elements like its neighbours`);
  }
  value.forEach((one: unknown, i) => {
    collect(one, { shape, depth: depth + 1, path: `${path}[${i}]`, values });
  });
};

const numberAt = (value: unknown, path: string): number => {
  if (typeof value === "number") return value;
  throw unfit(`${path} is ${JSON.stringify(value) ?? "missing"}, not a number`);
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
  const messages = like.map(parseMessage);
  const first = messages[0]?.["data"];
  const asTensor =
    (form ?? (isObject(first) && isObject(first["tensor"]) ? "tensor" : "ndarray")) === "tensor";
  const data = {
    ...(names.length > 0 && { names }),
    ...(asTensor ? { tensor: { shape, values } } : { ndarray: nest(values, shape) }),
  };
  const body = JSON.stringify({ meta: mergeMeta(messages.map((one) => one?.["meta"])), data });
  return { body: Buffer.from(body), contentType: "application/json", contentEncoding: undefined };
};

const nest = (values: readonly number[], shape: readonly number[]): readonly unknown[] => {
  const [rows, ...inner] = shape;
  if (rows === undefined || inner.length === 0) return values;
  const size = inner.reduce((product, length) => product * length, 1);
  return Array.from({ length: rows }, (_, i) =>
    nest(values.slice(i * size, (i + 1) * size), inner),
  );
};

const mergeMeta = (metas: readonly unknown[]): object => {
  const found = metas.filter(isObject);
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
