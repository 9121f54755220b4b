/** v2 messages over gRPC as they would be written over REST. Source: Open Inference Protocol, inference. */
import type { Payload } from "../payload.ts";
import { unfit } from "./nested.ts";
import { bytesElements } from "./open-inference-datatype.ts";
import {
  bytesContents,
  readFirst,
  requestName,
  type Tensors,
  tensorsOf,
} from "./open-inference-tensor.ts";
import { embedded, fields, mapEntries, slice, textOf, VARINT } from "./wire.ts";
import { numbersOf, scalars } from "./wire-scalar.ts";

type Loose = Readonly<Record<string, unknown>>;

/** @throws {EngineError} PAYLOAD_UNFIT for tensors that JSON has no form for; MESSAGE_UNREADABLE. */
export const asJson = (payload: Payload): unknown => {
  const { message, body } = payload;
  const { tensors, raws } = tensorsOf(payload);
  const list = tensors.map((tensor, i) => tensorJson(tensor, raws[i]));
  return {
    ...optional("model_name", textOf(body, 1)),
    ...optional("model_version", textOf(body, 2)),
    ...optional("id", textOf(body, 3)),
    ...parametersIn(body),
    [message === requestName ? "inputs" : "outputs"]: list,
  };
};

const optional = (key: string, text: string): Loose => (text === "" ? {} : { [key]: text });

const tensorJson = (tensor: Buffer, raw: Buffer | undefined): Loose => {
  const name = textOf(tensor, 1);
  const datatype = textOf(tensor, 2);
  const shape = numbersOf(tensor, 3, scalars.int64);
  const one: Tensors = { tensors: [tensor], raws: raw === undefined ? [] : [raw] };
  const data = datatype === "BYTES" ? textsOf(one, name) : valuesOf(one, datatype);
  return { name, datatype, shape, ...parametersIn(tensor), data };
};

const valuesOf = (tensor: Tensors, datatype: string): readonly unknown[] => {
  const { values } = readFirst(tensor);
  return datatype === "BOOL" ? values.map((value) => value === 1) : values;
};

const textsOf = ({ tensors: [tensor], raws: [raw] }: Tensors, name: string): readonly string[] => {
  const elements = raw === undefined ? tensor && bytesContents(tensor) : bytesElements(raw);
  if (elements === undefined)
    throw unfit(`tensor "${name.slice(0, 100)}" has BYTES that are cut off`);
  return elements.map((bytes) => bytes.toString());
};

/** Parameters have one number in messages and tensors. */
const parametersIn = (bytes: Buffer): Loose => {
  const entries = mapEntries(bytes, 4).flatMap(({ key, entry }) => {
    const value = parameterIn(embedded(entry, 2) ?? Buffer.alloc(0));
    return value === undefined ? [] : [[key, value] as const];
  });
  return entries.length === 0 ? {} : { parameters: Object.fromEntries(entries) };
};

const parameterIn = (parameter: Buffer): unknown => {
  let value: unknown;
  for (const field of fields(parameter)) {
    if (field.number === 1 && field.wire === VARINT)
      value = scalars.bool.read(parameter, field) === 1;
    if (field.number === 2 && field.wire === VARINT) value = scalars.int64.read(parameter, field);
    if (field.number === 3 && field.wire !== VARINT) value = slice(parameter, field).toString();
  }
  return value;
};
