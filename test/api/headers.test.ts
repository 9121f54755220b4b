import { describe, expect, it } from "@jest/globals";
import { readHeaders, readRegexHeader } from "../../api/headers.ts";

describe("readHeaders", () => {
  it.each([
    { text: "location: london", read: { location: "london" } },
    { text: "location:london", read: { location: "london" } },
    { text: " location : new london ", read: { location: "new london" } },
    { text: "canary", read: { canary: true } },
    { text: "a:1:b:2", read: { a: "1", b: "2" } },
    { text: "a:", read: { a: "" } },
    { text: "at: 10:30", read: { at: "10:30" } },
    { text: "from: http://host:80", read: { from: "http://host:80" } },
    { text: "from: http://host", read: { from: "http://host" } },
  ])("reads $text", ({ text, read }) => {
    expect(readHeaders(text)).toEqual(read);
  });

  it.each(["", ":", ": london", "my location", "my location: london", "a: b\nc", "a: b\n: c"])(
    "refuses %j",
    (text) => {
      expect(readHeaders(text)).toBeUndefined();
    },
  );
});

describe("readRegexHeader", () => {
  it.each([
    { text: "location: lon.*", read: { location: "lon.*" } },
    { text: "at: \\d+:\\d+:x:y", read: { at: "\\d+:\\d+:x:y" } },
  ])("reads $text", ({ text, read }) => {
    expect(readRegexHeader(text)).toEqual(read);
  });

  it.each(["", "location", ": x", "my location: x"])("refuses %j", (text) => {
    expect(readRegexHeader(text)).toBeUndefined();
  });
});
