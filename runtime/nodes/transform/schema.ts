/** JSON Schemas made ready to check values, by the validator of typebox. */
import { EngineError } from "../../errors.ts";

/** What is wrong with a value, each with its path; none if nothing is. */
export type Check = (value: unknown) => readonly { readonly path: string; readonly why: string }[];

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A schema that does not say is of this draft. */
const usual = "https://json-schema.org/draft/2020-12/schema";

/** The validator takes some 80 ms to load: only an engine that needs it does. */
export const compileSchema = async (
  schema: unknown,
  fail: (why: string) => Error,
): Promise<Check> => {
  const { Compile, Meta } = await import("typebox/schema");
  if (!isObject(schema)) throw fail("the schema is not a JSON object");
  const draft = typeof schema["$schema"] === "string" ? schema["$schema"] : usual;
  const metas: Readonly<Record<string, unknown>> = Meta;
  const meta =
    metas[draft] ?? metas[`${draft.replace(/#$/, "")}#`] ?? metas[draft.replace(/#$/, "")];
  if (!isObject(meta)) {
    throw fail(`$schema is ${draft}, none of the known drafts ${Object.keys(metas).join(", ")}`);
  }
  const [fault] = Compile(meta).Errors(schema)[1];
  if (fault !== undefined) throw fail(`the schema: ${fault.instancePath || "it"} ${fault.message}`);
  const dangling = danglingOf(schema);
  if (dangling !== undefined) throw fail(`the schema: $ref ${dangling} leads nowhere in it`);
  const validator = compiled(() => Compile(schema), fail);
  return (value) => {
    if (validator.Check(value)) return [];
    const [, errors] = validator.Errors(value);
    return errors.map(({ instancePath, message }) => ({ path: instancePath, why: message }));
  };
};

const compiled = <T>(compile: () => T, fail: (why: string) => Error): T => {
  try {
    return compile();
  } catch (error) {
    throw fail(`the schema: ${error instanceof Error ? error.message : error}`);
  }
};

/** Members whose values are data, not schemas. */
const data = new Set(["const", "default", "enum", "examples"]);

/** The first reference that cannot be followed: no file and no network is asked for others. */
const danglingOf = (schema: Loose): string | undefined => {
  const texts = textsOf(schema);
  const of = (...keys: readonly string[]) =>
    texts.filter(([key]) => keys.includes(key)).map(([, text]) => text);
  const anchors = of("$anchor", "$dynamicAnchor").map((anchor) => `#${anchor}`);
  const ids = of("$id", "id");
  // Where parts have addresses of their own, references are relative to those.
  if (ids.length > 0) return undefined;
  const leads = (ref: string): boolean =>
    ref === "#" ||
    anchors.includes(ref) ||
    (ref.startsWith("#/") && pointed(schema, decodeURIComponent(ref.slice(1))) !== undefined);
  return of("$ref").find((ref) => !leads(ref));
};

/** Every text in a schema with the name of its member. */
const textsOf = (value: unknown): readonly (readonly [string, string])[] => {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, one]) => {
    if (typeof one === "string") return [[key, one] as const];
    return data.has(key) ? [] : textsOf(one);
  });
};

/** The part of a value that a JSON Pointer names; undefined if there is none. Source: RFC 6901. */
export const pointed = (value: unknown, pointer: string): unknown => {
  let part = value;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(part)) part = /^(?:0|[1-9]\d*)$/.test(key) ? part[Number(key)] : undefined;
    else part = isObject(part) && Object.hasOwn(part, key) ? part[key] : undefined;
  }
  return part;
};

/** A refusal, with the first few of what is wrong. */
export const mismatch = (node: string, issues: ReturnType<Check>, at: string): EngineError => {
  const shown = issues.slice(0, 5).map(({ path, why }) => `${at}${path} ${why}`.trim());
  const why = shown.join("; ");
  return new EngineError("SCHEMA_MISMATCH", `node ${node}: the message does not match: ${why}`);
};
