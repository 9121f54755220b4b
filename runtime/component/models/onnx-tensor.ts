/** The tensors that an ONNX file holds: what they declare against what is there. Source: ONNX, TensorProto. */
import { statSync } from "node:fs";
import { join, normalize } from "node:path";
import {
  type Field,
  fields,
  LENGTH,
  readVarint,
  slice,
  textOf,
  VARINT,
} from "../../protocol/wire.ts";
import { ModelFault } from "./fault.ts";
import { elementOf } from "./onnx-types.ts";

type Span = Pick<Field, "start" | "end">;

export type TensorPlace = {
  readonly folder: string;
  /** For messages. */
  readonly path: string;
  /** Graphs around it. */
  readonly depth: number;
};

/** A tensor's name, and its values if they are 64-bit integers that are few enough to be a shape. */
export type Checked = { readonly name: string; readonly wholes: readonly number[] | undefined };

type Held = {
  name: string;
  type: number;
  dims: number[];
  raw: Span | undefined;
  /** Bytes of values that are not raw, and how many texts. */
  typedBytes: number;
  texts: number;
  external: Map<string, string>;
  isExternal: boolean;
  wholes: number[];
};

const mostDimensions = 64;

/** @throws {ModelFault} when it declares more than it holds. */
export const checkTensor = (bytes: Buffer, place: TensorPlace): Checked => {
  const held = readTensor(bytes);
  const path = `${place.path}, tensor ${JSON.stringify(held.name)}`;
  if (held.dims.length > mostDimensions || held.dims.some((size) => size < 0)) {
    throw new ModelFault(path, `has the shape [${held.dims.slice(0, mostDimensions)}]`);
  }
  const elements = held.dims.reduce((product, size) => product * size, 1);
  if (held.isExternal) requireFile(held, path, elements, place.folder);
  else requireHeld(held, path, elements);
  const isShape = held.type === 7 && elements <= mostDimensions && held.dims.length <= 1;
  return { name: held.name, wholes: isShape ? wholesOf(bytes, held) : undefined };
};

const requireHeld = (held: Held, path: string, elements: number): void => {
  const { raw, typedBytes, texts } = held;
  const { bytes: size, type } = elementOf(held.type);
  const has = raw === undefined ? typedBytes : raw.end - raw.start;
  // packed, an element has a byte at least
  const fits =
    raw === undefined || size === 0 ? elements <= Math.max(has, texts) : elements * size === has;
  if (fits) return;
  const declared = `declares ${elements} elements of ${type}, shape [${held.dims}]`;
  throw new ModelFault(path, `${declared}, and holds ${has} bytes`);
};

const fresh = (): Held => ({
  name: "",
  type: 0,
  dims: [],
  raw: undefined,
  typedBytes: 0,
  texts: 0,
  external: new Map(),
  isExternal: false,
  wholes: [],
});

const readTensor = (bytes: Buffer): Held => {
  const held = fresh();
  for (const field of fields(bytes)) readers.get(field.number)?.(held, bytes, field);
  return held;
};

type Reader = (held: Held, bytes: Buffer, field: Field) => void;

/** Values one by one, or packed. */
const countBytes: Reader = (held, _bytes, { start, end }) => {
  held.typedBytes += end - start;
};

/** By the number of the field. */
const readers: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [1, (held, bytes, field) => held.dims.push(...integersOf(bytes, field))],
  [
    2,
    (held, bytes, field) => {
      if (field.wire === VARINT) held.type = readVarint(bytes, field).low;
    },
  ],
  [4, countBytes],
  [5, countBytes],
  [
    6,
    (held) => {
      held.texts += 1;
    },
  ],
  [
    7,
    (held, bytes, field) => {
      countBytes(held, bytes, field);
      if (held.wholes.length <= mostDimensions) held.wholes.push(...integersOf(bytes, field));
    },
  ],
  [
    8,
    (held, bytes, field) => {
      held.name = slice(bytes, field).toString();
    },
  ],
  [
    9,
    (held, _bytes, field) => {
      held.raw = field;
    },
  ],
  [10, countBytes],
  [11, countBytes],
  [
    13,
    (held, bytes, field) => {
      if (field.wire !== LENGTH) return;
      const entry = slice(bytes, field);
      held.external.set(textOf(entry, 1), textOf(entry, 2));
    },
  ],
  [
    14,
    (held, bytes, field) => {
      held.isExternal = field.wire === VARINT && readVarint(bytes, field).low === 1;
    },
  ],
]);

/** Integers one by one, or packed; no more than a shape needs. */
const integersOf = (bytes: Buffer, field: Field): number[] => {
  if (field.wire === VARINT) return [integerAt(bytes, field).value];
  if (field.wire !== LENGTH) return [];
  const found: number[] = [];
  let start = field.start;
  while (start < field.end && found.length <= mostDimensions) {
    const { value, end } = integerAt(bytes, { start, end: field.end });
    found.push(value);
    start = end;
  }
  return found;
};

const integerAt = (bytes: Buffer, span: Span): { readonly value: number; readonly end: number } => {
  const { low, high, end } = readVarint(bytes, span);
  return { value: (high | 0) * 2 ** 32 + low, end };
};

/** Values in a file beside the model: there, and long enough. */
const requireFile = (held: Held, path: string, elements: number, folder: string): void => {
  const size = elements * elementOf(held.type).bytes;
  const location = held.external.get("location") ?? "";
  const clean = normalize(location);
  if (location === "" || clean.startsWith("..") || clean.startsWith("/")) {
    throw new ModelFault(
      path,
      `is in the file ${JSON.stringify(location)}, which is not beside the model`,
    );
  }
  const stats = statSync(join(folder, clean), { throwIfNoEntry: false });
  const offset = Number(held.external.get("offset") ?? 0);
  if (stats === undefined)
    throw new ModelFault(path, `is in the file ${location}, which is missing`);
  if (!(stats.size >= offset + size)) {
    throw new ModelFault(
      path,
      `needs ${offset + size} bytes of ${location}, which has ${stats.size}`,
    );
  }
};

const wholesOf = (bytes: Buffer, { raw, wholes }: Held): readonly number[] => {
  if (raw === undefined) return wholes;
  const values: number[] = [];
  for (let at = raw.start; at + 8 <= raw.end; at += 8)
    values.push(Number(bytes.readBigInt64LE(at)));
  return values;
};
