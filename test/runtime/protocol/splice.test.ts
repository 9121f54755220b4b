import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { elementsOf } from "../../../runtime/protocol/json-scan.ts";
import { skipValue } from "../../../runtime/protocol/json-skip.ts";
import { findMember, withRenamed, withRouting } from "../../../runtime/protocol/splice.ts";
import { objectWith, stringText, valueText } from "./json-text.ts";

const renaming = { keep: ["inputs"], from: "outputs", to: "inputs" };
const rename = (text: string): string | undefined =>
  withRenamed(Buffer.from(text), renaming)?.toString();

describe("withRenamed", () => {
  it.each([
    { name: "a key", text: '{"outputs":[1]}', want: '{"inputs":[1]}' },
    {
      name: "and keeps spaces and numbers",
      text: ' { "outputs" : [ 1.0 ] } ',
      want: ' { "inputs" : [ 1.0 ] } ',
    },
    { name: "among others", text: '{"a":1,"outputs":2,"b":3}', want: '{"a":1,"inputs":2,"b":3}' },
    {
      name: "each time it occurs",
      text: '{"outputs":1,"outputs":2}',
      want: '{"inputs":1,"inputs":2}',
    },
    { name: "written with escapes", text: '{"\\u006futputs":1}', want: '{"inputs":1}' },
    {
      name: "not inside values",
      text: '{"outputs":{"outputs":1}}',
      want: '{"inputs":{"outputs":1}}',
    },
    {
      name: "not inside strings",
      text: '{"a":"\\"outputs\\":","outputs":1}',
      want: '{"a":"\\"outputs\\":","inputs":1}',
    },
  ])("renames $name", ({ text, want }) => {
    expect(rename(text)).toBe(want);
  });

  it.each(['{"inputs":[1', '{"inputs":[1]} x', '{"inputs":'])("refuses %s", (text) => {
    expect(withRenamed(Buffer.from(text), renaming)).toBeUndefined();
  });

  it("returns an object with a key to keep as it is, even one that goes on wrongly", () => {
    const text = Buffer.from('{"id":1,"inputs":[1],"outputs":2 oops} ');
    expect(withRenamed(text, renaming)).toBe(text);
  });

  it.each([
    "",
    " ",
    "null",
    "7",
    '"outputs"',
    "[]",
    '[{"outputs":1}]',
    "{}",
    '{"a":{"outputs":1}}',
    '{"outputs":1',
    '{"outputs"}',
    '{"outputs":1}}',
    '{"outputs":1} x',
    '{"outputs":"',
    "{outputs:1}",
    '{"outputs":1,}',
  ])("finds nothing to rename in %j", (text) => {
    expect(rename(text)).toBeUndefined();
  });

  it("does what renaming the parsed object does, and changes nothing else", () => {
    fc.assert(
      fc.property(objectWith(["outputs", "inputs"]), (text) => {
        const parsed = JSON.parse(text);
        const renamed = rename(text);
        if (Object.hasOwn(parsed, "inputs")) {
          expect(renamed).toBe(text);
        } else if (Object.hasOwn(parsed, "outputs")) {
          const { outputs, ...others } = parsed;
          expect(JSON.parse(renamed ?? "")).toEqual({ ...others, inputs: outputs });
          // Byte for byte: only the keys differ.
          const [gone, come] = [text, renamed ?? ""].map((one) =>
            one.replaceAll(/"(?:outputs|inputs|\\u006f[^"]*)"/g, '"*"'),
          );
          expect(come).toBe(gone);
        } else {
          expect(renamed).toBeUndefined();
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("never throws, whatever the bytes", () => {
    const junk = fc.array(
      fc.constantFrom(
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        "\\",
        "outputs",
        '"outputs"',
        "1",
        " ",
        "é",
      ),
    );
    fc.assert(
      fc.property(junk, (parts) => {
        const bytes = Buffer.from(parts.join(""));
        withRenamed(bytes, renaming);
        withRouting(Buffer.concat([Buffer.from('{"meta":'), bytes]), "{}");
        findMember(bytes, 0, "outputs");
        elementsOf(bytes, 0);
      }),
      { numRuns: 1000 },
    );
  });

  it("does not mind depth", () => {
    const deep = `{"outputs":${"[".repeat(1e6)}${"]".repeat(1e6)}}`;
    expect(rename(deep)).toBe(deep.replace("outputs", "inputs"));
  });
});

describe("elementsOf", () => {
  it("finds the elements of any array", () => {
    fc.assert(
      fc.property(fc.array(valueText), (values) => {
        const json = Buffer.from(`[ ${values.join(" , ")} ]`);
        const found = elementsOf(json, 0)?.map(({ start, end }) =>
          json.toString("utf8", start, end),
        );
        expect(found).toEqual(values);
      }),
    );
  });

  it.each(["", "{}", "[", "[1", "[1 2]", "[,]", "[1,]"])("is undefined for %j", (text) => {
    expect(elementsOf(Buffer.from(text), 0)).toBeUndefined();
  });
});

describe("findMember", () => {
  it("finds what JSON.parse finds, however the key is written", () => {
    fc.assert(
      fc.property(stringText, objectWith(["meta"]), (key, text) => {
        const json = Buffer.from(text.trimStart());
        const name: string = JSON.parse(key);
        for (const wanted of ["meta", name]) {
          const member = findMember(json, 0, wanted)?.member;
          const parsed = JSON.parse(text);
          const value = member && JSON.parse(json.toString("utf8", member.start, member.end));
          if (Object.hasOwn(parsed, wanted)) expect(value).toEqual(parsed[wanted]);
          else expect(member).toBeUndefined();
        }
      }),
    );
  });
});

describe("skipValue", () => {
  it("finds the end of any value, long runs and long strings included", () => {
    const long = fc
      .array(fc.constantFrom("1234567890,".repeat(9), '"', "\\\\", '\\"', "[1]", "x".repeat(70)), {
        maxLength: 12,
      })
      .map((parts) => JSON.stringify([parts.join(""), parts, [1.5e300, parts.length]]));
    fc.assert(
      fc.property(fc.oneof(long, valueText), (text) => {
        const json = Buffer.from(`${text} ,"]}`);
        expect(skipValue(json, 0)).toBe(Buffer.byteLength(text));
        expect(skipValue(json.subarray(0, Buffer.byteLength(text) - 1), 0)).toBeLessThan(
          Buffer.byteLength(text),
        );
      }),
      { numRuns: 500 },
    );
  });
});
