import { describe, expect, it } from "@jest/globals";
import { expand } from "../../local/expand.ts";

const variables = new Map([
  ["A", "a"],
  ["B_1", "b$(A)"],
  ["EMPTY", ""],
]);

describe("expand", () => {
  it.each([
    { text: "$(A)", want: "a" },
    { text: "x$(A)y$(A)z", want: "xayaz" },
    { text: "$(EMPTY)", want: "" },
    { text: "$(NOPE)", want: "$(NOPE)" },
    { text: "$$(A)", want: "$(A)" },
    { text: "$$$(A)", want: "$a" },
    { text: "$$$$(A)", want: "$$(A)" },
    { text: "$$", want: "$" },
    { text: "$A {A} $", want: "$A {A} $" },
    { text: "$(A", want: "$(A" },
    { text: "$()", want: "$()" },
    { text: "$(B_1)", want: "b$(A)" },
  ])("makes $want of $text", ({ text, want }) => {
    expect(expand(text, variables)).toBe(want);
  });
});
