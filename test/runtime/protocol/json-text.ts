import fc from "fast-check";

/** JSON texts with all the freedom that the grammar leaves: spaces, escapes, forms of numbers. */
const space = fc.constantFrom("", "", " ", "\n\t", "  ");

const escapeAll = (text: string): string =>
  `"${[...text].map((one) => (/[a-z]/.test(one) ? `\\u00${one.charCodeAt(0).toString(16)}` : JSON.stringify(one).slice(1, -1))).join("")}"`;

export const stringText = fc
  .tuple(fc.string({ unit: "grapheme", maxLength: 8 }), fc.boolean())
  .map(([text, escaped]) => (escaped ? escapeAll(text) : JSON.stringify(text)));

const numberText = fc.constantFrom(
  "0",
  "-0",
  "1.0",
  "1e5",
  "12345678901234567890",
  "0.10",
  "-2E-3",
);

export const { value: valueText } = fc.letrec<{ value: string; array: string; object: string }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      numberText,
      stringText,
      fc.constantFrom("true", "false", "null"),
      tie("array"),
      tie("object"),
    ),
    array: fc
      .tuple(fc.array(tie("value"), { maxLength: 3 }), space)
      .map(([values, gap]) => `[${gap}${values.join(`${gap},${gap}`)}${gap}]`),
    object: fc
      .tuple(fc.array(fc.tuple(stringText, tie("value")), { maxLength: 3 }), space)
      .map(([members, gap]) => objectText(members, gap)),
  }),
);

export const objectText = (members: readonly (readonly [string, string])[], gap: string): string =>
  `{${gap}${members.map(([key, value]) => `${key}${gap}:${gap}${value}`).join(`${gap},${gap}`)}${gap}}`;

/** Objects some of whose keys are among `keys`. */
export const objectWith = (keys: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(
        fc.tuple(
          fc.oneof(fc.constantFrom(...keys.map((key) => JSON.stringify(key))), stringText),
          valueText,
        ),
        { maxLength: 5 },
      ),
      space,
    )
    .map(([members, gap]) => gap + objectText(members, gap) + gap);
