/**
 * Replacing members of a JSON object in its bytes, without parsing the rest. Whatever does not
 * read as JSON is answered with undefined, and so left as it is.
 */
import { eachKey, isNamed } from "./json-scan.ts";
import { closeBrace, isSpace, skipSpace, skipValue } from "./json-skip.ts";
import type { Span } from "./span.ts";

/**
 * The value of a member of the object that begins at `at`, and where the object ends.
 *
 * Of several members with the key the last one counts, as it does for JSON.parse.
 */
export const findMember = (
  json: Buffer,
  at: number,
  name: string,
): { readonly member: Span | undefined; readonly end: number } | undefined => {
  let found = -1;
  const end = eachKey(json, at, (key, value) => {
    if (isNamed(json, key, name)) found = value;
    return true;
  });
  if (end < 0) return undefined;
  return { member: found < 0 ? undefined : { start: found, end: skipValue(json, found) }, end };
};

/** A change to a text: these bytes become this. */
export type Edit = Span & { readonly text: string | Buffer };

/** The text with all edits made; they are given in its order and do not overlap. */
export const edited = (json: Buffer, edits: readonly Edit[]): Buffer => {
  const pieces: Buffer[] = [];
  let kept = 0;
  for (const { start, end, text } of edits) {
    pieces.push(json.subarray(kept, start), typeof text === "string" ? Buffer.from(text) : text);
    kept = end;
  }
  return Buffer.concat([...pieces, json.subarray(kept)]);
};

/**
 * The JSON text with `meta.routing` set to `routing`; every other byte stays.
 *
 * Undefined where there is nothing to set it in: no JSON object, or no member `meta` that is an
 * object. Source: deviation E6.
 */
export const withRouting = (json: Buffer, routing: string): Buffer | undefined => {
  if (json.indexOf('"meta"') < 0) return undefined;
  const top = skipSpace(json, 0);
  const found = findMember(json, top, "meta");
  if (found?.member === undefined || skipSpace(json, found.end) !== json.length) return undefined;
  const meta = found.member.start;
  const inner = findMember(json, meta, "routing");
  if (inner === undefined) return undefined;
  if (inner.member !== undefined) return edited(json, [{ ...inner.member, text: routing }]);
  const first = skipSpace(json, meta + 1);
  const separator = json[first] === closeBrace ? "" : ",";
  const text = `"routing":${routing}${separator}`;
  return edited(json, [{ start: meta + 1, end: meta + 1, text }]);
};

export type Renaming = {
  /** Keys of which one makes the text right as it is. */
  readonly keep: readonly string[];
  readonly from: string;
  readonly to: string;
};

/**
 * The JSON object with a top-level key renamed; every other byte stays. One that has a key of
 * `keep` is returned as it is, read no further than to that key but for its end.
 *
 * Undefined if it has none of the keys, or is no JSON object.
 */
export const withRenamed = (json: Buffer, { keep, from, to }: Renaming): Buffer | undefined => {
  const edits: Edit[] = [];
  let kept = false;
  const end = eachKey(json, skipSpace(json, 0), (key) => {
    kept = keep.some((name) => isNamed(json, key, name));
    if (isNamed(json, key, from)) edits.push({ ...key, text: to });
    return !kept;
  });
  if (kept) return endsInBrace(json) ? json : undefined;
  if (end < 0 || edits.length === 0 || skipSpace(json, end) !== json.length) return undefined;
  return edited(json, edits);
};

/** A look at the end tells a text that was cut off, or goes on behind the object. */
const endsInBrace = (json: Buffer): boolean => {
  let last = json.length - 1;
  while (last >= 0 && isSpace(json[last])) last -= 1;
  return json[last] === closeBrace;
};
