/**
 * YAML as kubectl reads it: version 1.1 as Go's yaml.v2 understands it. It differs from the letter
 * of 1.1 where people would be surprised: `12:30` and `2024-01-01` are strings, `08` is 8.
 *
 * Source: sigs.k8s.io/yaml, gopkg.in/yaml.v2 (its documented resolution of plain scalars).
 */

import { defineScalarTag, dump, loadAll, NOT_RESOLVED, Schema, YAML11_SCHEMA } from "js-yaml";

const prefix = "tag:yaml.org,2002:";
const numberStarts = [..."+-0123456789"];

/** An integer: decimal, 0x, 0o or a bare 0 for octal, 0b; underscores are for the eye. */
const readInteger = (text: string): number | typeof NOT_RESOLVED => {
  const plain = text.replaceAll("_", "").toLowerCase();
  const match = /^([+-]?)(0x[0-9a-f]+|0b[01]+|0o?[0-7]+|0|[1-9][0-9]*)$/.exec(plain);
  if (match === null) return NOT_RESOLVED;
  const [, sign, digits = ""] = match;
  const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === "-" && value !== 0 ? -value : value;
};

/** Infinities and NaN are no JSON, so no manifest can hold them: they are left as text. */
const readFloat = (text: string): number | typeof NOT_RESOLVED => {
  const plain = text.replaceAll("_", "");
  return /^[+-]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][+-]?[0-9]+)?$/.test(plain) &&
    Number.isFinite(Number(plain))
    ? Number(plain)
    : NOT_RESOLVED;
};

const numberTag = (name: string, resolve: (text: string) => number | typeof NOT_RESOLVED) =>
  defineScalarTag<number>(`${prefix}${name}`, {
    implicit: true,
    implicitFirstChars: name === "float" ? [...numberStarts, "."] : numberStarts,
    resolve,
    identify: (value) => Number.isFinite(value) && Number.isSafeInteger(value) === (name === "int"),
  });

/** Dates, binaries, sets and ordered maps have no place in JSON. */
const foreign = ["timestamp", "binary", "omap", "pairs", "set"].map((name) => prefix + name);

const kubectlSchema = new Schema(
  YAML11_SCHEMA.tags.filter(({ tagName }) => !foreign.includes(tagName)),
).withTags(numberTag("int", readInteger), numberTag("float", readFloat));

/** Every document of a text; shared parts (aliases) are shared objects, cycles included. */
export const readYaml = (text: string): readonly unknown[] =>
  loadAll(text, {
    schema: kubectlSchema,
    maxDepth: 1_000, // as deep as a value may be at all; the default would hide better messages
    maxAliases: 10_000,
  });

/** What some reader of YAML, of whatever version, takes for a number. */
const numberLike = /^([-+]?[.0-9][0-9a-fox_:.+-]*|[-+]?\.(inf|nan))$/i;

const writtenSchema = YAML11_SCHEMA.withTags(
  numberTag("int", readInteger),
  numberTag("float", (text) => (numberLike.test(text) ? Number(text) : NOT_RESOLVED)),
);

/** One document that every reader reads back as it was: a text that may be something else is quoted. */
export const writeYaml = (value: unknown): string =>
  dump(value, { schema: writtenSchema, lineWidth: -1, noRefs: true });
