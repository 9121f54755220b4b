/**
 * Protocol `v2` over REST with binary tensors: a JSON part, then the raw bytes of the tensors that
 * say `binary_data_size`, in their order. Source: Open Inference Protocol, binary tensor data extension.
 */
import { EngineError } from "../errors.ts";
import type { Payload } from "../payload.ts";
import { eachKey, elementsOf, isNamed } from "./json-scan.ts";
import { skipSpace, skipValue } from "./json-skip.ts";
import { kindOf } from "./nested.ts";
import { rawAsJson, unreadable } from "./open-inference-text.ts";
import { plain } from "./plain.ts";
import type { Span } from "./span.ts";
import { type Edit, edited, findMember } from "./splice.ts";

export type Parts = { readonly json: Buffer; readonly binary: Buffer };

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
 * data that JSON cannot write, or not within `limitBytes`.
 */
export const withoutBinary = ({ json, binary }: Parts, limitBytes: number): Buffer => {
  if (binary.length === 0 && json.indexOf('"binary_data_size"') < 0) return json;
  const edits: Edit[] = [];
  let used = 0;
  let written = 0;
  for (const tensor of tensorsOf(json)) {
    const head = parseHead(json, tensor);
    const size = binarySizeOf(head);
    if (size === undefined) continue;
    const place = `tensor ${kindOf(head.name)}`;
    const left = binary.length - used;
    if (!(size <= left)) {
      throw unreadable(`${place} has binary_data_size ${size}, but ${left} bytes are left`);
    }
    const raw = binary.subarray(used, used + size);
    const data = rawAsJson({ raw, datatype: head.datatype, place }, limitBytes - written);
    used += size;
    written += data.length;
    edits.push(...insertion(tensor.start, data), ...withoutSize(json, tensor.start));
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

/** Data as the first member of the tensor at `at`, which has others: its parameters at least. */
const insertion = (at: number, data: Buffer): readonly Edit[] => {
  const place = { start: at + 1, end: at + 1 };
  return [
    { ...place, text: '"data":' },
    { ...place, text: data },
    { ...place, text: "," },
  ];
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
