/** Numbers in and out of the `data` of a SeldonMessage over gRPC. Source: engine contract, 4.2. */
import type { NumericView } from "../nodes/view.ts";
import { type Numbers, numeric, readNested, sizeOf, unfit } from "./nested.ts";
import type { Span } from "./span.ts";
import { readTensorProto } from "./tensor-proto.ts";
import {
  embedded,
  FIXED64,
  type Field,
  fields,
  LENGTH,
  slice,
  VARINT,
  type Wire,
  whole,
} from "./wire.ts";
import { numbersOf, scalars } from "./wire-scalar.ts";

/** Members of `DefaultData.data_oneof`. */
export const forms = { tensor: 2, ndarray: 3, tftensor: 4 } as const;
export type Form = keyof typeof forms;

export const dataOf = (message: Buffer): Buffer | undefined => embedded(message, 3, [4, 5, 6, 7]);

export const formOf = (data: Buffer): Form | undefined => {
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
