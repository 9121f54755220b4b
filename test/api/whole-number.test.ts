import { describe, expect, it } from "@jest/globals";
import { wholeNumber } from "../../api/whole-number.ts";

describe("wholeNumber", () => {
  it.each([
    { annotation: "seldon.io/rest-timeout", text: "5", want: 5 },
    { annotation: "seldon.io/rest-timeout", text: "+5", want: 5 },
    { annotation: "seldon.io/rest-timeout", text: "-5", want: 0 },
    { annotation: "seldon.io/grpc-max-message-size", text: "+5", want: 5 },
    { annotation: "seldon.io/grpc-max-message-size", text: "-5", want: undefined },
    { annotation: "espalier.io/graph-timeout", text: "2147483648", want: 2_147_483_647 },
    { annotation: "espalier.io/graph-timeout", text: "9".repeat(18), want: 2_147_483_647 },
    { annotation: "espalier.io/graph-timeout", text: "9".repeat(19), want: undefined },
    ...["", " 5", "5.0", "1e3", "0x5", "+", "--5", "soon"].map((text) => ({
      annotation: "seldon.io/rest-timeout",
      text,
      want: undefined,
    })),
  ])("reads $annotation $text", ({ annotation, text, want }) => {
    expect(wholeNumber(annotation, text)).toBe(want);
  });
});
