/** Numbers in and out of the `data` of a SeldonMessage over gRPC. Source: engine contract, 4.2. */
import type { NumericView } from "../nodes/view.ts";
import { type Numbers, numeric, readNested, sizeOf, unfit } from "./nested.ts";
import type { DataForm } from "./protocol.ts";
import type { Span } from "./span.ts";
import { readTensorProto, tensorProto } from "./tensor-proto.ts";
import {
  embedded,
  FIXED64,
  type Field,
  fields,
  LENGTH,
  slice,
  textOf,
  VARINT,
  type Wire,
  whole,
  wholeField,
} from "./wire.ts";
import { numbersOf, scalars } from "./wire-scalar.ts";
import {
  doublesField,
  integersField,
  lengthField,
  mergedMap,
  type Pieces,
  textField,
} from "./wire-write.ts";

/** Members of `DefaultData.data_oneof`. */
const forms = { tensor: 2, ndarray: 3, tftensor: 4 } as const;
type Form = keyof typeof forms;

const dataOf = (message: Buffer): Buffer | undefined => embedded(message, 3, [4, 5, 6, 7]);

const formOf = (data: Buffer): Form | undefined => {
  let last: Form | undefined;
  for (const { number, wire } of fields(data)) {
    if (wire !== LENGTH) continue;
    if (number === forms.tensor) last = "tensor";
    if (number === forms.ndarray) last = "ndarray";
    if (number === forms.tftensor) last = "tftensor";
  }
  return last;
};

/** @throws {EngineError} PAYLOAD_UNFIT where there are no numbers; MESSAGE_UNREADABLE for malformed bytes. */
export const readView = (message: Buffer): NumericView => {
  const data = dataOf(message);
  if (data === undefined) throw unfit('it has no "data" with an ndarray or a tensor');
  const form = formOf(data);
  if (form === undefined) throw unfit('"data" holds no ndarray, tensor or tftensor');
  const others = Object.values(forms).filter((number) => number !== forms[form]);
  const payload = embedded(data, forms[form], others) ?? Buffer.alloc(0);
  return { ...readForm(payload, form), names: namesOf(data) };
};

const readForm = (payload: Buffer, form: Form): Numbers => {
  switch (form) {
    case "tensor":
      return readTensor(payload);
    case "ndarray":
      return readNested(listOf(payload, whole(payload), 1), "data.ndarray", numeric);
    case "tftensor":
      return readTensorProto(payload, "data.tftensor");
  }
};

const namesOf = (data: Buffer): readonly string[] => {
  const names: string[] = [];
  for (const field of fields(data)) {
    if (field.number === 1 && field.wire === LENGTH) names.push(slice(data, field).toString());
  }
  return names;
};

const readTensor = (tensor: Buffer): Numbers => {
  const values = numbersOf(tensor, 2, scalars.double);
  const given = numbersOf(tensor, 1, scalars.int32);
  const shape = given.length === 0 ? [values.length] : given;
  if (sizeOf(shape) !== values.length) {
    throw unfit(
      `data.tensor has ${values.length} values, which is not what its shape [${shape}] asks for`,
    );
  }
  return { shape, values };
};

/** More levels than any array of numbers has. */
const deepest = 32;

/** A google.protobuf.ListValue as an array; what is no number only keeps its kind. */
const listOf = (bytes: Buffer, list: Span, depth: number): readonly unknown[] => {
  if (depth > deepest) throw unfit(`data.ndarray is more than ${deepest} levels deep`);
  const values: unknown[] = [];
  for (const field of fields(bytes, list)) {
    if (field.number === 1 && field.wire === LENGTH) values.push(readValue(bytes, field, depth));
  }
  return values;
};

/** A google.protobuf.Value: the last member of its `oneof` that is written. */
const readValue = (bytes: Buffer, value: Span, depth: number): unknown => {
  let member: Field | undefined;
  for (const field of fields(bytes, value)) {
    if (wireOfMember[field.number] === field.wire) member = field;
  }
  switch (member?.number) {
    case 2:
      return scalars.double.read(bytes, member);
    case 3:
      return slice(bytes, member).toString();
    case 4:
      return scalars.bool.read(bytes, member) === 1;
    case 5:
      return {};
    case 6:
      return listOf(bytes, member, depth + 1);
    default:
      return null;
  }
};

/** null, number, string, bool, struct, list. */
const wireOfMember: Readonly<Record<number, Wire>> = {
  1: VARINT,
  2: FIXED64,
  3: LENGTH,
  4: VARINT,
  5: LENGTH,
  6: LENGTH,
};

/**
 * A message that holds the view's numbers: in the form `form`, else in that of the first of `like`.
 * Tags and request paths of all of `like` are merged, the later one wins; metrics are put one
 * after the other; the puid is the first one's. Source: engine contract, 11.5 (aggregate).
 */
export const writeView = (
  view: NumericView,
  like: readonly Buffer[],
  form: DataForm | undefined,
): Pieces => {
  const data = like[0] && dataOf(like[0]);
  const chosen = form ?? (data && formOf(data)) ?? "ndarray";
  const metas = like.flatMap((message) => embedded(message, 2) ?? []);
  return [
    ...lengthField(2, mergeMeta(metas)),
    ...lengthField(3, [
      ...view.names.flatMap((name) => textField(1, name)),
      ...lengthField(forms[chosen], writeForm(view, chosen)),
    ]),
  ];
};

const writeForm = (view: Numbers, form: Form): Pieces => {
  switch (form) {
    case "tensor":
      return [...integersField(1, view.shape), ...doublesField(2, view.values)];
    case "ndarray":
      return listPieces(view.values, view.shape);
    case "tftensor":
      return tensorProto(view);
  }
};

const mostEmptyRows = 1000;

const listPieces = (values: readonly number[], shape: readonly number[]): Pieces => {
  const [rows, ...inner] = shape;
  if (rows === undefined || inner.length === 0) return [rowOf(values)];
  const size = inner.reduce((product, length) => product * length, 1);
  // A shape is cheap to write: lists without a single value are not made by the million.
  if (size === 0 && rows > mostEmptyRows) throw unfit(`its shape [${shape}] has only empty rows`);
  return Array.from({ length: rows }, (_, i) =>
    lengthField(1, lengthField(6, listPieces(values.slice(i * size, (i + 1) * size), inner))),
  ).flat();
};

/** A Value with a number: 1: {2: double}. */
const numberHead = Buffer.from([0x0a, 0x09, 0x11]);
const numberSize = numberHead.length + 8;

const rowOf = (values: readonly number[]): Buffer => {
  const row = Buffer.allocUnsafe(values.length * numberSize);
  values.forEach((value, i) => {
    numberHead.copy(row, i * numberSize);
    row.writeDoubleLE(value, i * numberSize + numberHead.length);
  });
  return row;
};

const mergeMeta = (metas: readonly Buffer[]): Pieces => {
  const puid = metas.map((meta) => textOf(meta, 1)).find((one) => one !== "");
  return [
    ...(puid === undefined ? [] : textField(1, puid)),
    ...mergedMap(metas, 2), // tags
    ...mergedMap(metas, 4), // requestPath
    ...metas.flatMap((meta) => all(meta, 5)), // metrics
  ];
};

const all = (bytes: Buffer, number: number): Pieces => {
  const found: Buffer[] = [];
  for (const field of fields(bytes))
    if (isField(field, number)) found.push(wholeField(bytes, field));
  return found;
};

const isField = (field: Field, number: number): boolean =>
  field.number === number && field.wire === LENGTH;
