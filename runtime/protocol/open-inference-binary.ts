/**
 * Protocol `v2` over REST with binary tensors: a JSON part, then the raw bytes of the tensors that
 * say `binary_data_size`, in their order. Source: Open Inference Protocol, binary tensor data extension.
 */
import { isUtf8 } from "node:buffer";
import { EngineError } from "../errors.ts";
import type { Payload } from "../payload.ts";
import { eachKey, elementsOf, isNamed } from "./json-scan.ts";
import { skipSpace, skipValue } from "./json-skip.ts";
import { kindOf } from "./nested.ts";
import { bytesElements, elementOf } from "./open-inference-datatype.ts";
import { plain } from "./plain.ts";
import type { Span } from "./span.ts";
import { type Edit, edited, findMember } from "./splice.ts";

export type Parts = { readonly json: Buffer; readonly binary: Buffer };

const unreadable = (why: string): EngineError =>
  new EngineError("MESSAGE_UNREADABLE", `a v2 message cannot be read: ${why}`);

/** A message in its two parts, unpacked. @throws {EngineError} MESSAGE_UNREADABLE */
export const partsOf = (message: Payload, limitBytes: number): Parts => {
  const body = plain(message, limitBytes);
  const { jsonBytes = body.length } = message;
  if (jsonBytes > body.length) {
    throw unreadable(
      `its Inference-Header-Content-Length is ${jsonBytes}, but it has ${body.length} bytes`,
    );
  }
  return { json: body.subarray(0, jsonBytes), binary: body.subarray(jsonBytes) };
};

/** What a tensor says of itself; its data are not looked at. */
export type TensorHead = {
  readonly name?: unknown;
  readonly datatype?: unknown;
  readonly parameters?: { readonly binary_data_size?: unknown } | null;
};

/** How many bytes of the binary part belong to a tensor; undefined if its data are in the JSON, NaN if it says nonsense. */
export const binarySizeOf = ({ parameters }: TensorHead): number | undefined => {
  const size = parameters?.binary_data_size;
  if (size === undefined || size === null) return undefined;
  return typeof size === "number" && Number.isInteger(size) && size >= 0 ? size : Number.NaN;
};

/**
 * The JSON part with the data of binary tensors written into it; every other byte stays.
 *
 * @throws {EngineError} MESSAGE_UNREADABLE for sizes that the binary part does not have, and for
 * data that JSON cannot write: NaN, infinities, and BYTES that are not UTF-8.
 */
export const withoutBinary = ({ json, binary }: Parts): Buffer => {
  if (binary.length === 0 && json.indexOf('"binary_data_size"') < 0) return json;
  const edits: Edit[] = [];
  let used = 0;
  for (const tensor of tensorsOf(json)) {
    const head = parseHead(json, tensor);
    const size = binarySizeOf(head);
    if (size === undefined) continue;
    const place = `tensor ${kindOf(head.name)}`;
    const left = binary.length - used;
    if (!(size <= left)) {
      throw unreadable(`${place} has binary_data_size ${size}, but ${left} bytes are left`);
    }
    const data = dataText(binary.subarray(used, used + size), head.datatype, place);
    used += size;
    const start = tensor.start + 1;
    edits.push({ start, end: start, text: `"data":${data},` }, ...withoutSize(json, tensor.start));
  }
  if (used !== binary.length) {
    throw unreadable(`its tensors account for ${used} of ${binary.length} binary bytes`);
  }
  return edited(json, edits);
};

/** The tensors of a request or response, in the order of the text. */
const tensorsOf = (json: Buffer): readonly Span[] => {
  const top = skipSpace(json, 0);
  return ["inputs", "outputs"]
    .flatMap((key) => {
      const list = findMember(json, top, key)?.member;
      return list === undefined ? [] : (elementsOf(json, list.start) ?? []);
    })
    .sort((a, b) => a.start - b.start);
};

const parseHead = (json: Buffer, { start, end }: Span): TensorHead => {
  try {
    const head: unknown = JSON.parse(json.toString("utf8", start, end));
    return typeof head === "object" && head !== null ? head : {};
  } catch (cause) {
    throw new EngineError("MESSAGE_UNREADABLE", "a v2 message is not JSON", { cause });
  }
};

/** The parameters of the tensor at `at`, without the size. */
const withoutSize = (json: Buffer, at: number): readonly Edit[] => {
  const parameters = findMember(json, at, "parameters")?.member;
  if (parameters === undefined) return [];
  const kept: string[] = [];
  eachKey(json, parameters.start, (key, value) => {
    const member = json.toString("utf8", key.start - 1, skipValue(json, value));
    if (!isNamed(json, key, "binary_data_size")) kept.push(member);
    return true;
  });
  return [{ ...parameters, text: `{${kept.join(",")}}` }];
};

/** Raw data as a JSON array. */
const dataText = (raw: Buffer, datatype: unknown, place: string): string => {
  if (datatype === "BYTES") return `[${textsOf(raw, place).join(",")}]`;
  const element = elementOf(datatype);
  if (element === undefined) throw unreadable(`${place} has an unknown datatype`);
  if (raw.length % element.size !== 0) {
    throw unreadable(`${place} has ${raw.length} bytes of ${datatype}, which is no whole number`);
  }
  const count = raw.length / element.size;
  const write =
    exact[String(datatype)] ?? ((bytes, at) => numberText(element.read(bytes, at), place));
  return `[${Array.from({ length: count }, (_, i) => write(raw, i * element.size)).join(",")}]`;
};

/** Datatypes whose values are written otherwise than a number is. */
const exact: Readonly<Record<string, (raw: Buffer, at: number) => string>> = {
  BOOL: (raw, at) => String(raw[at] !== 0),
  INT64: (raw, at) => String(raw.readBigInt64LE(at)),
  UINT64: (raw, at) => String(raw.readBigUInt64LE(at)),
};

const numberText = (value: number, place: string): string => {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  throw unreadable(`${place} holds ${value}, which JSON cannot write`);
};

const textsOf = (raw: Buffer, place: string): readonly string[] => {
  const found = bytesElements(raw);
  if (found === undefined) throw unreadable(`${place} has BYTES that are cut off`);
  return found.map((bytes) => {
    if (isUtf8(bytes)) return JSON.stringify(bytes.toString());
    throw unreadable(`${place} has BYTES that are not UTF-8, which JSON cannot write`);
  });
};
