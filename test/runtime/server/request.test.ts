import { describe, expect, it } from "@jest/globals";
import { readHead } from "../../../runtime/server/request.ts";
import { routeHeader } from "../../../runtime/server/route-header.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("readHead", () => {
  it("passes on every header but those of the message and the connection", () => {
    const head = readHead([
      ...[
        "Host",
        "h",
        "Content-Type",
        "a/b",
        "content-length",
        "2",
        "Transfer-Encoding",
        "chunked",
      ],
      ...["Trailer", "T", "Connection", "close, X-A", "Keep-Alive", "timeout=5", "Upgrade", "h2c"],
      ...["HTTP2-Settings", "x", "Proxy-Connection", "close", "Content-Encoding", "gzip"],
      ...[
        "X-A",
        "1",
        "x-a",
        "2",
        "Authorization",
        "Bearer b",
        "Seldon-Puid",
        "id",
        "Accept-Encoding",
        "br",
      ],
    ]);
    expect(head.forwarded).toBe(
      "X-A: 1\r\nx-a: 2\r\nAuthorization: Bearer b\r\nAccept-Encoding: br\r\nSeldon-Puid: id\r\n",
    );
    expect(head).toMatchObject({
      id: "id",
      contentType: "a/b",
      contentEncoding: "gzip",
      acceptsEncoding: true,
      cloudEvent: false,
      timeout: undefined,
    });
  });

  it("makes an id where there is none, and asks for gzip in its own name", () => {
    for (const headers of [[], ["Seldon-Puid", ""]]) {
      const head = readHead(headers);
      expect(head.id).toMatch(uuid);
      expect(head.forwarded).toBe(`Seldon-Puid: ${head.id}\r\nAccept-Encoding: gzip\r\n`);
      expect(head.acceptsEncoding).toBe(false);
    }
  });

  it.each([
    { headers: ["Accept-Encoding", ""], asks: true },
    { headers: ["Range", "bytes=0-1"], asks: false },
    { headers: ["accept-encoding", "br"], asks: false },
  ])("asks for gzip with $headers: $asks", ({ headers, asks }) => {
    const head = readHead(headers);
    expect(head.forwarded.endsWith("Accept-Encoding: gzip\r\n")).toBe(asks);
    expect(head.acceptsEncoding).toBe(!asks);
  });

  it("takes the first of several equal headers, and passes all ids on", () => {
    const head = readHead([
      ...["seldon-puid", "1", "Seldon-Puid", "2", "Content-Type", "a", "Content-Type", "b"],
      ...["Espalier-Timeout-Ms", "5", "espalier-timeout-ms", "6", "Ce-Specversion", ""],
    ]);
    expect(head).toMatchObject({ id: "1", contentType: "a", timeout: "5", cloudEvent: true });
    expect(head.forwarded).toContain("seldon-puid: 1\r\nSeldon-Puid: 2\r\n");
  });

  it("reads thousands of different names", () => {
    const headers = Array.from({ length: 3000 }, (_, i) => [`X-${i}`, String(i)]).flat();
    expect(readHead(headers).forwarded.split("\r\n")).toHaveLength(3003);
  });

  it("keeps the bytes of a value", () => {
    expect(readHead(["X", "\xc3\xa9\t"]).forwarded).toContain("X: \xc3\xa9\t\r\n");
  });
});

describe("routeHeader", () => {
  it.each([
    { routers: ["ab"], routes: { ab: 1, m: -1 }, want: "ab=1" },
    { routers: ["ab", "inner"], routes: { inner: 0, ab: 1 }, want: "ab=1,inner=0" },
    { routers: ["ab", "inner"], routes: { ab: -2 }, want: "ab=-2" },
    { routers: ["a,b=c"], routes: { "a,b=c": 0 }, want: "a%2Cb%3Dc=0" },
    { routers: ["ü\n"], routes: { "ü\n": 0 }, want: "%C3%BC%0A=0" },
    { routers: ["ab"], routes: { m: -1 }, want: undefined },
    { routers: [], routes: { m: -1 }, want: undefined },
  ])("says $want of $routes", ({ routers, routes, want }) => {
    expect(routeHeader(routers, new Map(Object.entries(routes)))).toBe(want);
  });
});
