import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseAnnotations } from "../../runtime/annotations.ts";

describe("parseAnnotations", () => {
  it.each([
    { name: "a plain one", text: "a=b", want: { a: "b" } },
    { name: "a quoted one", text: '"a"="b"', want: { a: "b" } },
    { name: "a quoted value", text: 'seldon.io/x="5"\n', want: { "seldon.io/x": "5" } },
    { name: "a value with =", text: 'a="b=c=="\nd="e"', want: { a: "b=c==", d: "e" } },
    { name: "blank lines and CRLF", text: '\r\na="b"\r\n\r\nc="d"\r\n', want: { a: "b", c: "d" } },
    { name: "an empty value", text: 'a=""', want: { a: "" } },
    { name: "no value", text: "a=", want: { a: "" } },
    { name: "a quote alone", text: 'a="', want: { a: '"' } },
    { name: "the later of two", text: "a=1\na=2", want: { a: "2" } },
    { name: "a key of the prototype", text: "__proto__=x", want: { ["__proto__"]: "x" } },
    { name: "a line without =, passed over", text: 'bad\na="b"', want: { a: "b" } },
    { name: "a line without a key, passed over", text: '="x"\na="b"', want: { a: "b" } },
    { name: "nothing", text: "", want: {} },
    {
      name: "Go's escapes",
      text: String.raw`a="\"\\\n\r\t\a\b\f\v\x41\u00e9\U0001f333\'"`,
      want: { a: `"\\\n\r\t\x07\b\f\vAé🌳'` },
    },
    {
      name: "an escape beyond Unicode, as it stands",
      text: String.raw`a="\Uffffffff"${"\n"}b="c"`,
      want: { a: String.raw`\Uffffffff`, b: "c" },
    },
  ])("reads $name", ({ text, want }) => {
    expect([...parseAnnotations(text)]).toEqual(Object.entries(want));
  });

  it("reads whatever it is given", () => {
    const text = fc.string({ unit: fc.constantFrom(...'\\"=\nxuU0fF a') });
    fc.assert(
      fc.property(text, (one) => parseAnnotations(one) instanceof Map),
      { seed: 20_261_122, numRuns: 2000 },
    );
  });
});
