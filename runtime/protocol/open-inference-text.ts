/** Raw tensors of the protocol `v2` as JSON arrays, exactly. */
import { isUtf8 } from "node:buffer";
import { EngineError } from "../errors.ts";
import { eachBytes, elementOf } from "./open-inference-datatype.ts";

export const unreadable = (why: string): EngineError =>
  new EngineError("MESSAGE_UNREADABLE", `a v2 message cannot be read: ${why}`);

export type RawTensor = {
  readonly raw: Buffer;
  readonly datatype: unknown;
  /** What it is called in an error. */
  readonly place: string;
};

/** Texts put together at a time. */
const chunk = 4096;

/**
 * The data as the text of a JSON array, of at most `limitBytes`.
 *
 * @throws {EngineError} MESSAGE_UNREADABLE for data that JSON cannot write: NaN, infinities, and
 * BYTES that are not UTF-8; and for a text that is too long.
 */
export const rawAsJson = (tensor: RawTensor, limitBytes: number): Buffer => {
  const pieces: Buffer[] = [];
  let size = 0;
  let texts: string[] = [];
  const flush = (): void => {
    const piece = Buffer.from((pieces.length === 0 ? "[" : ",") + texts.join(","));
    size += piece.length;
    if (size >= limitBytes) {
      throw unreadable(`${tensor.place} is longer than ${limitBytes} bytes as JSON`);
    }
    pieces.push(piece);
    texts = [];
  };
  for (const text of textsOf(tensor)) {
    texts.push(text);
    if (texts.length === chunk) flush();
  }
  if (texts.length > 0 || pieces.length === 0) flush();
  return Buffer.concat([...pieces, Buffer.from("]")]);
};

const textsOf = (tensor: RawTensor): Generator<string, void> =>
  tensor.datatype === "BYTES" ? stringsOf(tensor) : numbersOf(tensor);

/** Datatypes whose values are written otherwise than a number is. */
const exact: Readonly<Record<string, (raw: Buffer, at: number) => string>> = {
  BOOL: (raw, at) => String(raw[at] !== 0),
  INT64: (raw, at) => String(raw.readBigInt64LE(at)),
  UINT64: (raw, at) => String(raw.readBigUInt64LE(at)),
};

function* numbersOf({ raw, datatype, place }: RawTensor): Generator<string, void> {
  const element = elementOf(datatype);
  if (element === undefined) throw unreadable(`${place} has an unknown datatype`);
  const { size } = element;
  if (raw.length % size !== 0) {
    throw unreadable(`${place} has ${raw.length} bytes of ${datatype}, no multiple of ${size}`);
  }
  const write = exact[String(datatype)];
  for (let at = 0; at < raw.length; at += size) {
    yield write === undefined ? numberText(element.read(raw, at), place) : write(raw, at);
  }
}

const numberText = (value: number, place: string): string => {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  throw unreadable(`${place} holds ${value}, which JSON cannot write`);
};

function* stringsOf({ raw, place }: RawTensor): Generator<string, void> {
  for (const bytes of eachBytes(raw)) {
    if (bytes === undefined) throw unreadable(`${place} has BYTES that are cut off`);
    if (!isUtf8(bytes)) {
      throw unreadable(`${place} has BYTES that are not UTF-8, which JSON cannot write`);
    }
    yield JSON.stringify(bytes.toString());
  }
}
