import { describe, expect, it } from "@jest/globals";
import { answerHeaders, endToEnd, forwardedLines } from "../../local/forward.ts";

describe("endToEnd", () => {
  it.each([
    {
      name: "ordinary fields",
      headers: ["Seldon-Puid", "p", "x", "1"],
      want: ["Seldon-Puid", "p", "x", "1"],
    },
    { name: "repeated fields", headers: ["a", "1", "A", "2"], want: ["a", "1", "A", "2"] },
    {
      name: "fields of the connection",
      headers: [
        "Connection",
        "close",
        "Keep-Alive",
        "timeout=5",
        "Transfer-Encoding",
        "chunked",
        "TE",
        "trailers",
        "Upgrade",
        "h2c",
        "a",
        "1",
      ],
      want: ["a", "1"],
    },
    {
      name: "fields that Connection names",
      headers: [
        "connection",
        "close, X-Secret",
        "x-secret",
        "1",
        "CONNECTION",
        "y",
        "Y",
        "2",
        "z",
        "3",
      ],
      want: ["z", "3"],
    },
    {
      name: "what we write ourselves",
      headers: ["Host", "h", "Content-Length", "3", "Expect", "100-continue"],
      want: [],
    },
  ])("sorts $name", ({ headers, want }) => {
    expect(endToEnd(headers)).toEqual(want);
  });
});

describe("forwardedLines", () => {
  it("says where the request came from", () => {
    const headers = ["Host", "h:1", "Content-Type", "application/json"];
    expect(forwardedLines({ headers, prefix: "/seldon/ns/d", peer: "10.0.0.9" })).toBe(
      "Content-Type: application/json\r\nX-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Host: h:1\r\n" +
        "X-Forwarded-Proto: http\r\nX-Forwarded-Prefix: /seldon/ns/d\r\n",
    );
  });

  it.each([
    { peer: "::ffff:10.0.0.9", want: "X-Forwarded-For: 10.0.0.9\r\n" },
    { peer: "fe80::1", want: "X-Forwarded-For: fe80::1\r\n" },
    { peer: undefined, want: "" },
  ])("names the client $peer", ({ peer, want }) => {
    expect(forwardedLines({ headers: [], prefix: "/p", peer })).toBe(
      `${want}X-Forwarded-Proto: http\r\nX-Forwarded-Prefix: /p\r\n`,
    );
  });

  it("keeps what a proxy before us said", () => {
    const headers = [
      "host",
      "h:1",
      "x-forwarded-for",
      "1.2.3.4",
      "x-forwarded-host",
      "front",
      "x-forwarded-proto",
      "https",
    ];
    expect(forwardedLines({ headers, prefix: "/p", peer: "10.0.0.9" })).toBe(
      "X-Forwarded-For: 1.2.3.4, 10.0.0.9\r\nX-Forwarded-Host: front\r\n" +
        "X-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /p\r\n",
    );
  });
});

describe("answerHeaders", () => {
  it.each([
    { location: "/api/v1.0/status", want: "/seldon/ns/d/api/v1.0/status" },
    { location: "http://elsewhere/x", want: "http://elsewhere/x" },
    { location: "//elsewhere/x", want: "//elsewhere/x" },
    { location: "relative", want: "relative" },
  ])("turns Location $location into $want", ({ location, want }) => {
    expect(answerHeaders(["Location", location], "/seldon/ns/d")).toEqual(["Location", want]);
  });
});
