import { describe, expect, it } from "@jest/globals";
import { argumentsOf, readAnswer } from "../../../runtime/store/redis-script.ts";

const one = Buffer.from([0, 0, 0, 0, 0, 0, 0xf0, 0x3f]); // 1 as a little-endian float
const bytes = (text: string): Buffer => Buffer.from(text);

describe("argumentsOf", () => {
  const asked = { key: "key", kind: "k/1", length: 2, version: "v", engine: "e", number: 7 };

  it("packs a batch", () => {
    const batch = { places: Uint32Array.of(258), amounts: Float64Array.of(1) };
    expect(argumentsOf({ ...asked, batch, base: undefined })).toEqual([
      ...["key", "k/1", "2", "v", "engine:e", "7"],
      ...[Buffer.from([2, 1, 0, 0]), one, ""],
    ]);
  });

  it("asks without adding", () => {
    expect(argumentsOf({ ...asked, batch: undefined, base: Float64Array.of(1) })).toEqual([
      ...["key", "k/1", "2", "v", "engine:e", "0", "", "", one],
    ]);
  });
});

describe("readAnswer", () => {
  it.each([
    {
      name: "sums",
      answer: [bytes("common"), bytes("v"), one],
      want: { is: "common", version: "v", sums: Float64Array.of(1) },
    },
    {
      name: "no change",
      answer: [bytes("common"), bytes("v"), null],
      want: { is: "common", version: "v", sums: undefined },
    },
    { name: "a loss", answer: [bytes("gone")], want: { is: "gone" } },
    { name: "a reason", answer: [bytes("unfit"), bytes("why")], want: { is: "unfit", why: "why" } },
    {
      name: "too many sums",
      answer: [bytes("common"), bytes("v"), Buffer.concat([one, one])],
      want: { is: "unfit" },
    },
    {
      name: "sums that are no numbers",
      answer: [bytes("common"), bytes("v"), Buffer.alloc(8, 0xff)],
      want: { is: "unfit" },
    },
    { name: "something else", answer: "OK", want: { is: "unfit" } },
    { name: "nothing", answer: null, want: { is: "unfit" } },
  ])("reads $name", ({ answer, want }) => {
    expect(readAnswer(answer, 1)).toMatchObject(want);
  });
});
