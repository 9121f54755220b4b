import { describe, expect, it } from "@jest/globals";
import { makeLines } from "../../local/lines.ts";

const linesOf = (chunks: readonly (string | Buffer)[], limit?: number): readonly string[] => {
  const lines: string[] = [];
  const cutter = makeLines((line) => lines.push(line), limit);
  for (const chunk of chunks) cutter.push(Buffer.from(chunk));
  cutter.end();
  return lines;
};

describe("makeLines", () => {
  const euro = Buffer.from("€");
  it.each([
    { name: "a whole line", chunks: ["one\n"], want: ["one"] },
    { name: "a line in pieces", chunks: ["o", "n", "e\ntw", "o\n"], want: ["one", "two"] },
    { name: "several in a chunk", chunks: ["a\nb\n\nc\n"], want: ["a", "b", "", "c"] },
    { name: "no end of line at the end", chunks: ["a\nb"], want: ["a", "b"] },
    { name: "CRLF, also when split", chunks: ["a\r", "\nb\r\n"], want: ["a", "b"] },
    {
      name: "a character split between chunks",
      chunks: [euro.subarray(0, 1), euro.subarray(1), "\n"],
      want: ["€"],
    },
    { name: "nothing", chunks: [], want: [] },
    { name: "a line of the longest length", chunks: ["12345\n"], limit: 5, want: ["12345"] },
    {
      name: "a line that is too long",
      chunks: ["1234", "5678\nshort\n"],
      limit: 5,
      want: ["12345 [3 characters cut]", "short"],
    },
  ])("cuts $name", ({ chunks, limit, want }) => {
    expect(linesOf(chunks, limit)).toEqual(want);
  });

  it("keeps no more of an endless line than its limit", () => {
    const lines: string[] = [];
    const cutter = makeLines((line) => lines.push(line), 10);
    for (let i = 0; i < 1000; i += 1) cutter.push(Buffer.alloc(1000, "x"));
    cutter.end();
    expect(lines).toEqual([`${"x".repeat(10)} [999990 characters cut]`]);
  });
});
