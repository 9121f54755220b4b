import { describe, expect, it } from "@jest/globals";
import { readHead } from "../../../../runtime/server/http1/head.ts";

const limit = 16_384;
const read = (text: string) => readHead(Buffer.from(text, "latin1"), limit);
const get = (...lines: string[]): string =>
  ["GET /a HTTP/1.1", "Host: h", ...lines, "", ""].join("\r\n");
const post = (...lines: string[]): string =>
  ["POST /a HTTP/1.1", "Host: h", ...lines, "", ""].join("\r\n");

describe("readHead", () => {
  it("says what a plain head says, names and values as they came", () => {
    const text =
      "POST /a/b?c=%20 HTTP/1.1\r\nhOsT:h:80\r\nX-A: \t b \xe9\tc \t\r\nX-B:\r\nContent-Length: 12\r\n\r\n";
    expect(read(`${text}rest`)).toEqual({
      method: "POST",
      target: "/a/b?c=%20",
      headers: ["hOsT", "h:80", "X-A", "b \xe9\tc", "X-B", "", "Content-Length", "12"],
      bodyAt: text.length,
      bodyBytes: 12,
      last: false,
    });
  });

  it.each(["POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH"])("takes %s", (method) => {
    expect(read(`${method} / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`)).toMatchObject({
      method,
      bodyBytes: 0,
    });
  });

  it.each([
    { name: "close", line: "Connection: close", last: true },
    { name: "close in capitals", line: "CONNECTION: Close", last: true },
    { name: "keep-alive", line: "Connection: keep-alive", last: false },
  ])("reads Connection: $name", ({ line, last }) => {
    expect(read(get(line))).toMatchObject({ last });
  });

  it("takes a hundred fields, and no more", () => {
    const lines = Array.from({ length: 99 }, (_, i) => `X-${i}: ${i}`);
    expect(read(get(...lines))).toMatchObject({ headers: { length: 200 } });
    expect(read(get(...lines, "X: y"))).toBe("odd");
  });

  it("takes a head below the limit, whatever comes behind it", () => {
    const text = get(`X: ${"x".repeat(200)}`);
    const bytes = Buffer.from(`${text}${"y".repeat(100)}`);
    expect(readHead(bytes, text.length + 1)).toMatchObject({ bodyAt: text.length });
    expect(readHead(bytes, text.length)).toBe("odd");
    expect(readHead(bytes.subarray(0, 100), text.length)).toBe("partial");
    expect(readHead(bytes.subarray(0, text.length - 1), text.length - 1)).toBe("odd");
  });

  it.each([
    { name: "nothing", text: "" },
    { name: "half a method", text: "PO" },
    { name: "a method that two begin with", text: "P" },
    { name: "a method", text: "OPTIONS" },
    { name: "a method and a space", text: "POST " },
    { name: "half a target", text: "POST /a" },
    { name: "half a version", text: "POST /a HTTP/1" },
    { name: "a line without its end", text: "POST /a HTTP/1.1\r" },
    { name: "a line", text: "POST /a HTTP/1.1\r\n" },
    { name: "half a name", text: "POST /a HTTP/1.1\r\nHo" },
    { name: "half a value", text: "POST /a HTTP/1.1\r\nHost: h" },
    { name: "half an end", text: "POST /a HTTP/1.1\r\nHost: h\r\n\r" },
    {
      name: "what will be odd, but is not yet",
      text: "POST /a HTTP/1.1\r\nExpect: 100-continue\r\n",
    },
  ])("waits behind $name", ({ text }) => {
    expect(read(text)).toBe("partial");
  });

  it.each([
    { name: "another method", text: "TRACE / HTTP/1.1\r\n" },
    { name: "a method in small letters", text: "post / HTTP/1.1\r\n" },
    { name: "an empty line first", text: `\r\n${get()}` },
    { name: "two spaces", text: "GET  / HTTP/1.1\r\n" },
    { name: "a tab for a space", text: "GET\t/ HTTP/1.1\r\n" },
    { name: "HTTP/1.0", text: "GET / HTTP/1.0\r\nHost: h\r\n\r\n" },
    { name: "no version", text: "GET /\r\n" },
    { name: "absolute form", text: "GET http://h/ HTTP/1.1\r\n" },
    { name: "asterisk form", text: "OPTIONS * HTTP/1.1\r\n" },
    { name: "a fragment", text: "GET /#a HTTP/1.1\r\n" },
    { name: "a target beyond ASCII", text: "GET /\xe9 HTTP/1.1\r\n" },
    { name: "a quote in a target", text: 'GET /" HTTP/1.1\r\n' },
    { name: "LF alone", text: "GET / HTTP/1.1\nHost: h\n\n" },
    { name: "no Host", text: "GET / HTTP/1.1\r\n\r\n" },
    { name: "two Hosts", text: get("host: h") },
    { name: "a body without a length", text: post() },
    { name: "two lengths", text: post("Content-Length: 1", "Content-Length: 1") },
    ...["", "+1", "-1", "01", "1,1", "1 1", "1.0", "0x1", "1e3", "9".repeat(16)].map((length) => ({
      name: `the length ${JSON.stringify(length)}`,
      text: post(`Content-Length: ${length}`),
    })),
    { name: "chunks", text: post("Transfer-Encoding: chunked") },
    { name: "chunks beside a length", text: post("Content-Length: 1", "TRANSFER-ENCODING: x") },
    { name: "Expect", text: post("Content-Length: 1", "Expect: 100-continue") },
    { name: "Upgrade", text: get("Upgrade: h2c") },
    { name: "another Connection", text: get("Connection: upgrade") },
    { name: "Connection with a list", text: get("Connection: close, x") },
    { name: "two Connections", text: get("Connection: close", "Connection: close") },
    { name: "Proxy-Connection", text: get("Proxy-Connection: close") },
    { name: "a folded line", text: get("X: a", " b") },
    { name: "a space before a colon", text: get("X : a") },
    { name: "no colon", text: get("X") },
    { name: "no name", text: get(": a") },
    { name: "a name that is no token", text: get("X[]: a") },
    ...["\0", "\x01", "\x0b", "\x7f", "a\rb", "a\nb"].map((value) => ({
      name: `the value ${JSON.stringify(value)}`,
      text: get(`X: ${value}`),
    })),
  ])("leaves $name to Node's parser", ({ text }) => {
    expect(read(text)).toBe("odd");
  });
});
