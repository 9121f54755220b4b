/** Adding members to an object deep in a JSON text, without parsing the rest. */
import { closeBrace, skipSpace } from "./json-skip.ts";
import { type Edit, edited, findMember } from "./splice.ts";

type Members = Readonly<Record<string, unknown>>;

/**
 * The text with `members` set in the object at `path`, objects that are not there made; every byte
 * outside that object stays. Undefined for what is no JSON object, or has none at a step of the path.
 */
export const withMembers = (
  json: Buffer,
  path: readonly string[],
  members: Members,
): Buffer | undefined => {
  let at = skipSpace(json, 0);
  for (const [depth, name] of path.entries()) {
    const found = findMember(json, at, name);
    if (found === undefined) return undefined;
    if (
      found.member === undefined ||
      json.toString("latin1", found.member.start, found.member.end) === "null"
    ) {
      return edited(json, [missing(json, at, path.slice(depth), { members, found: found.member })]);
    }
    at = found.member.start;
    if (depth === path.length - 1) return merged(json, found.member, members);
  }
  return undefined;
};

const merged = (
  json: Buffer,
  span: { readonly start: number; readonly end: number },
  members: Members,
): Buffer | undefined => {
  try {
    const held: unknown = JSON.parse(json.toString("utf8", span.start, span.end));
    if (typeof held !== "object" || held === null || Array.isArray(held)) return undefined;
    return edited(json, [{ ...span, text: JSON.stringify({ ...held, ...members }) }]);
  } catch {
    return undefined;
  }
};

type Missing = {
  readonly members: Members;
  /** A member that is null. */
  readonly found: { readonly start: number; readonly end: number } | undefined;
};

const missing = (
  json: Buffer,
  object: number,
  path: readonly string[],
  { members, found }: Missing,
): Edit => {
  const value = path.slice(1).reduceRight<object>((inner, name) => ({ [name]: inner }), members);
  if (found !== undefined) return { ...found, text: JSON.stringify(value) };
  const first = skipSpace(json, object + 1);
  const separator = json[first] === closeBrace ? "" : ",";
  const text = `${JSON.stringify(path[0])}:${JSON.stringify(value)}${separator}`;
  return { start: object + 1, end: object + 1, text };
};
