/**
 * Requests that two readers might cut at different places: the engine has to refuse them, or read
 * them as the standard says. In none may bytes of a body reach the container as a request.
 *
 * Source: RFC 9112, 2.2, 5.1, 5.2, 6.1, 6.3, 7.1 and 11.2.
 */
import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { closeAfterAll } from "../contract/cleanup.ts";
import { predictions, type Started, startEchoed } from "./support/engine.ts";
import { converse, posted } from "./support/sockets.ts";

const later = closeAfterAll();

let started: Started;
let port: number;
beforeAll(async () => {
  started = await startEchoed(later);
  port = Number(new URL(started.engine.url).port);
});
let before = 0;
beforeEach(() => {
  before = started.seen.length;
});

/** What must never reach the container. */
const hidden = posted(predictions, '{"strData":"smuggled"}');
/** An honest request of the next client on that connection. */
const next = posted(predictions, '{"strData":"next"}');

const line = `POST ${predictions} HTTP/1.1\r\nHost: engine\r\n`;
const chunks = `1\r\nx\r\n0\r\n\r\n`;

const refused: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: "a length and chunks",
    text: `${line}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: "chunks and a length",
    text: `${line}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: "chunks and a length of nothing",
    text: `${line}Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n${chunks}${hidden}`,
  },
  { name: "two lengths", text: `${line}Content-Length: 3\r\nContent-Length: 0\r\n\r\n${hidden}` },
  {
    name: "two equal lengths",
    text: `${line}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  { name: "a list of lengths", text: `${line}Content-Length: 1, 0\r\n\r\n${hidden}` },
  { name: "a list of equal lengths", text: `${line}Content-Length: 1, 1\r\n\r\nx${hidden}` },
  { name: "a length with a sign", text: `${line}Content-Length: +1\r\n\r\nx${hidden}` },
  { name: "a length below nothing", text: `${line}Content-Length: -1\r\n\r\n${hidden}` },
  { name: "a length in hexadecimal", text: `${line}Content-Length: 0x1\r\n\r\nx${hidden}` },
  {
    name: "a length with an underscore",
    text: `${line}Content-Length: 1_0\r\n\r\n0123456789${hidden}`,
  },
  { name: "a length with a point", text: `${line}Content-Length: 1.0\r\n\r\nx${hidden}` },
  {
    name: "a length with a blank in it",
    text: `${line}Content-Length: 1 0\r\n\r\n0123456789${hidden}`,
  },
  {
    name: "a length beyond all numbers",
    text: `${line}Content-Length: 18446744073709551616\r\n\r\n${hidden}`,
  },
  { name: "a length of other digits", text: `${line}Content-Length: \xb2\r\n\r\nxx${hidden}` },
  {
    name: "an unknown coding",
    text: `${line}Transfer-Encoding: xchunked\r\n\r\n${chunks}${hidden}`,
  },
  {
    name: "a coding after chunks",
    text: `${line}Transfer-Encoding: chunked, identity\r\n\r\n${chunks}${hidden}`,
  },
  {
    name: "chunks twice",
    text: `${line}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${hidden}`,
  },
  {
    name: "chunks and then no chunks",
    text: `${line}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${chunks}${hidden}`,
  },
  { name: "quoted chunks", text: `${line}Transfer-Encoding: "chunked"\r\n\r\n${chunks}${hidden}` },
  {
    name: "chunks with a vertical tab",
    text: `${line}Transfer-Encoding: \x0bchunked\r\n\r\n${chunks}${hidden}`,
  },
  {
    name: "an empty coding",
    text: `${line}Transfer-Encoding:\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  {
    name: "a blank before the colon",
    text: `${line}Transfer-Encoding : chunked\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  { name: "a tab before the colon", text: `${line}Content-Length\t: 1\r\n\r\nx${hidden}` },
  {
    name: "a blank before a name",
    text: `${line}X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  {
    name: "a folded value",
    text: `${line}Transfer-Encoding:\r\n chunked\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  { name: "a name with a zero", text: `${line}Content\x00-Length: 1\r\n\r\nx${hidden}` },
  { name: "a value with a zero", text: `${line}X: a\x00b\r\nContent-Length: 1\r\n\r\nx${hidden}` },
  {
    name: "a value with a return",
    text: `${line}X: a\rTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  {
    name: "lines that end in line feeds",
    text: `POST ${predictions} HTTP/1.1\nHost: e\nContent-Length: 1\n\nx${hidden}`,
  },
  {
    name: "one line that ends in a line feed",
    text: `${line}X: y\nTransfer-Encoding: chunked\r\n\r\n${chunks}${hidden}`,
  },
  { name: "no name", text: `${line}: chunked\r\nContent-Length: 1\r\n\r\nx${hidden}` },
  { name: "no colon", text: `${line}Transfer-Encoding\r\nContent-Length: 1\r\n\r\nx${hidden}` },
  {
    name: "a name that is no token",
    text: `${line}Transfer[Encoding]: chunked\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  {
    name: "a chunk size that is none",
    text: `${line}Transfer-Encoding: chunked\r\n\r\ng\r\n${hidden}`,
  },
  {
    name: "a chunk size with 0x",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: "a chunk size with a sign",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: "a chunk size below nothing",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: "a chunk size beyond all numbers",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\nx\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: "a chunk size before a line feed",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: "a chunk longer than its size",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: "a chunk extension with a line feed",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n${hidden}`,
  },
  {
    name: "chunks of HTTP/1.0 and a length",
    text: `POST ${predictions} HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n${chunks}${hidden}`,
  },
  {
    name: "a version that does not exist",
    text: `POST ${predictions} HTTP/1.9\r\nHost: e\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  {
    name: "a target with a blank",
    text: `POST ${predictions} x HTTP/1.1\r\nHost: e\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  {
    name: "a trailer that names a length",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  },
  {
    name: "a trailer that names chunks",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n${hidden}`,
  },
  {
    name: "two hosts",
    text: `${line}Host: other\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
  {
    name: "no host",
    text: `POST ${predictions} HTTP/1.1\r\nContent-Length: 1\r\n\r\nx${hidden}`,
  },
];

describe("a request with", () => {
  it.each(refused)("$name is refused, and all that follows it", async ({ text }) => {
    const { answers, closed } = await converse(port, [text + next]);
    expect({ statuses: answers.map(({ status }) => status), closed }).toEqual({
      statuses: [400],
      closed: true,
    });
    expect(started.seen.length).toBe(before);
  });
});

/** Bodies of requests that are read as the standard says; `hidden` is a part of the first of them. */
const read: readonly {
  readonly name: string;
  readonly text: string;
  readonly bodies: readonly string[];
}[] = [
  {
    name: "another request in its body",
    text: posted(predictions, hidden),
    bodies: [hidden],
  },
  {
    name: "another request in a chunk",
    text: `${line}Transfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    bodies: [hidden],
  },
  {
    name: "chunks in any case",
    text: `${line}Transfer-Encoding: ChUnKeD\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    bodies: [hidden],
  },
  {
    name: "zeros before its length",
    text: `${line}Content-Length: 000${hidden.length}\r\n\r\n${hidden}`,
    bodies: [hidden],
  },
];

describe("a request that has", () => {
  it.each(read)("$name is read as it is meant", async ({ text, bodies }) => {
    const { answers } = await converse(port, [text + next], { answers: bodies.length + 1 });
    expect(answers.map(({ body }) => body)).toEqual([...bodies, '{"strData":"next"}']);
    expect(started.seen.slice(before).map(({ body }) => body.toString("latin1"))).toEqual([
      ...bodies,
      '{"strData":"next"}',
    ]);
  });
});

describe("a header", () => {
  it.each([
    { name: "Connection", value: "close, X-Secret", gone: "x-secret" },
    { name: "Keep-Alive", value: "timeout=1", gone: "keep-alive" },
    { name: "Proxy-Connection", value: "keep-alive", gone: "proxy-connection" },
    { name: "Upgrade", value: "h2c", gone: "upgrade" },
    { name: "Trailer", value: "X-Sum", gone: "trailer" },
  ])(
    "$name of the client's connection does not reach the container",
    async ({ name, value, gone }) => {
      const text = posted(predictions, '{"a":1}', { [name]: value });
      const { answers } = await converse(port, [text], { answers: 1 });
      expect(answers[0]?.status).toBe(200);
      expect(started.seen.at(-1)?.headers[gone]).toBeUndefined();
    },
  );
});
