/**
 * Requests that hide another one, for a proxy in front of us that reads them otherwise. Whichever of
 * our two readers meets them: nothing hidden is ever served.
 *
 * Source: RFC 9112, 11.2; the names are those of the published attacks.
 */
import { afterEach, describe, expect, it } from "@jest/globals";
import { httpStatusOf } from "../../../runtime/errors.ts";
import { defaultLimits } from "../../../runtime/limits.ts";
import { type HttpServer, listenHttp } from "../../../runtime/server/http.ts";
import { dial, type Talk } from "../sockets.ts";

let server: HttpServer | undefined;
let talk: Talk | undefined;
let asked: string[] = [];

afterEach(() => {
  talk?.close();
  server?.close();
});

const open = async (): Promise<Talk> => {
  asked = [];
  server = await listenHttp({
    handler: ({ method, target, body }, respond) => {
      asked.push(`${method} ${target}${body.length === 0 ? "" : ` ${body.toString("latin1")}`}`);
      respond({ status: 200, headers: [], body: undefined });
    },
    onError: (error) => ({ status: httpStatusOf(error), headers: [], body: undefined }),
    limits: { ...defaultLimits, maxHeaderBytes: 16_384 },
    port: 0,
    host: "127.0.0.1",
  });
  talk = await dial(server.port);
  return talk;
};

const hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";
const post = (...lines: string[]): string =>
  ["POST /a HTTP/1.1", "Host: h", ...lines, "", ""].join("\r\n");
const last = "GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

type Case = {
  readonly name: string;
  readonly text: string;
  /** Statuses of the answers; the connection is closed after the last. */
  readonly statuses: readonly number[];
  /** What the handler was asked. */
  readonly asked?: readonly string[];
};

const refused = { statuses: [400] };

/** All that is sent, and how the server ends it by itself. */
const refusals: readonly Case[] = [
  {
    name: "CL.TE: a length beside chunks",
    text: `${post("Content-Length: 6", "Transfer-Encoding: chunked")}0\r\n\r\n${hidden}`,
    ...refused,
  },
  {
    name: "TE.CL: chunks beside a length",
    text: `${post("Transfer-Encoding: chunked", "Content-Length: 4")}5c\r\n${hidden}\r\n0\r\n\r\n`,
    ...refused,
  },
  ...[
    "xchunked",
    "chunked, identity",
    "identity",
    "chunked, gzip",
    '"chunked"',
    "chunked;q=1",
    "chun\tked",
  ].map((coding) => ({
    name: `TE.TE: Transfer-Encoding ${JSON.stringify(coding)}`,
    text: `${post(`Transfer-Encoding: ${coding}`)}0\r\n\r\n${hidden}`,
    ...refused,
  })),
  ...[
    " Transfer-Encoding: chunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
  ].map((line) => ({
    name: `TE.TE: the line ${JSON.stringify(line)}`,
    text: `${post("Content-Length: 5", line)}0\r\n\r\n${hidden}`,
    ...refused,
  })),
  {
    name: "TE.TE: a coding that begins with a vertical tab",
    text: `${post("Content-Length: 5", "Transfer-Encoding: \x0bchunked")}0\r\n\r\n${hidden}`,
    ...refused,
  },
  {
    name: "two codings in two lines",
    text: `${post("Transfer-Encoding: chunked", "Transfer-Encoding: x")}0\r\n\r\n${hidden}`,
    ...refused,
  },
  ...[
    "+5",
    "-5",
    "5,5",
    "5, 5",
    "5 5",
    "0x5",
    "5.0",
    "1e1",
    "5;",
    "",
    "5\v",
    "99999999999999999999",
    "18446744073709551621",
  ].map((length) => ({
    name: `Content-Length ${JSON.stringify(length)}`,
    text: `${post(`Content-Length: ${length}`)}hello${hidden}`,
    ...refused,
  })),
  {
    name: "two lengths that differ",
    text: `${post("Content-Length: 5", "Content-Length: 0")}hello${hidden}`,
    ...refused,
  },
  {
    name: "two lengths that agree",
    text: `${post("Content-Length: 5", "Content-Length: 5")}hello${hidden}`,
    ...refused,
  },
  {
    name: "a length that is folded",
    text: `${post("Content-Length:", " 5")}hello${hidden}`,
    ...refused,
  },
  {
    name: "a folded line",
    text: `${post("Content-Length: 0", "X: a", " b")}${hidden}`,
    ...refused,
  },
  {
    name: "a folded line at the beginning",
    text: `POST /a HTTP/1.1\r\n Host: h\r\n\r\n${hidden}`,
    ...refused,
  },
  {
    name: "a bare LF in a value",
    text: `${post("Content-Length: 0", "X: a\nContent-Length: 34")}${hidden}`,
    ...refused,
  },
  {
    name: "a bare CR in a value",
    text: `${post("Content-Length: 0", "X: a\rContent-Length: 34")}${hidden}`,
    ...refused,
  },
  {
    name: "a head whose lines end with LF",
    text: `POST /a HTTP/1.1\nHost: h\nContent-Length: 0\n\n${hidden}`,
    ...refused,
  },
  {
    name: "a head that ends with LF LF",
    text: `POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\n\n${hidden}`,
    ...refused,
  },
  { name: "NUL in a value", text: `${post("Content-Length: 0", "X: a\0b")}${hidden}`, ...refused },
  { name: "NUL in a name", text: `${post("Content-Length: 0", "X\0: b")}${hidden}`, ...refused },
  {
    name: "a space before a colon",
    text: `${post("Content-Length : 5")}hello${hidden}`,
    ...refused,
  },
  {
    name: "a line without a colon",
    text: `${post("Content-Length: 0", "X")}${hidden}`,
    ...refused,
  },
  {
    name: "a line without a name",
    text: `${post("Content-Length: 0", ": x")}${hidden}`,
    ...refused,
  },
  {
    name: "a name that is no token",
    text: `${post("Content-Length: 0", "Content-Length[]: 5")}${hidden}`,
    ...refused,
  },
  {
    name: "a size of a chunk that overflows",
    text: `${post("Transfer-Encoding: chunked")}ffffffffffffffff1\r\nhello\r\n0\r\n\r\n${hidden}`,
    ...refused,
  },
  ...["0x5", "+5", "-5", "5 ", " 5", ""].map((size) => ({
    name: `a chunk of size ${JSON.stringify(size)}`,
    text: `${post("Transfer-Encoding: chunked")}${size}\r\nhello\r\n0\r\n\r\n${hidden}`,
    ...refused,
  })),
  {
    name: "a chunk that is longer than its size",
    text: `${post("Transfer-Encoding: chunked")}5\r\nhelloGET\r\n0\r\n\r\n${hidden}`,
    ...refused,
  },
  {
    name: "a chunk whose line ends with LF",
    text: `${post("Transfer-Encoding: chunked")}5\nhello\r\n0\r\n\r\n${hidden}`,
    ...refused,
  },
  {
    name: "a chunk extension with a bare LF",
    text: `${post("Transfer-Encoding: chunked")}5;a\nb\r\nhello\r\n0\r\n\r\n${hidden}`,
    ...refused,
  },
  {
    name: "HTTP/1.0 with chunks and a length",
    text: `POST /a HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    ...refused,
  },
  { name: "HTTP/1.2", text: `GET /a HTTP/1.2\r\nHost: h\r\n\r\n${hidden}`, ...refused },
  { name: "HTTP/0.9", text: `GET /a\r\n${hidden}`, ...refused },
  { name: "the preface of HTTP/2", text: `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden}`, ...refused },
  {
    name: "a space in a target",
    text: `GET /a b HTTP/1.1\r\nHost: h\r\n\r\n${hidden}`,
    ...refused,
  },
  {
    name: "a trailer that tells a length",
    text: `${post("Transfer-Encoding: chunked")}0\r\nContent-Length: 5\r\n\r\n${hidden}`,
    ...refused,
  },
  { name: "two Hosts", text: `GET /a HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n${hidden}`, ...refused },
  {
    name: "two Hosts and a body",
    text: `${post("Host: i", "Content-Length: 5")}hello${hidden}`,
    ...refused,
  },
  {
    name: "what is left after an error",
    text: `${post("Content-Length: 0")}GARBAGE\r\n\r\n${hidden}`,
    statuses: [200, 400],
    asked: ["POST /a"],
  },
];

/** What is read, and what comes behind it, exactly as far as it says. */
const readings: readonly Case[] = [
  {
    name: "a request in the body of one with a length",
    text: `${post(`Content-Length: ${hidden.length}`)}${hidden}`,
    statuses: [200],
    asked: [`POST /a ${hidden}`],
  },
  {
    name: "a request in a chunk",
    text: `${post("Transfer-Encoding: chunked")}${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    statuses: [200],
    asked: [`POST /a ${hidden}`],
  },
  {
    name: "GET with a body",
    text: `GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    statuses: [200],
    asked: [`GET /a ${hidden}`],
  },
  {
    name: "chunks with extensions and a trailer",
    text: `${post("Transfer-Encoding: chunked")}5;a=b;c="d"\r\nhello\r\n0;e\r\nT: u\r\n\r\n`,
    statuses: [200],
    asked: ["POST /a hello"],
  },
  {
    name: "a length with zeros in front",
    text: `${post("Content-Length: 005")}hello`,
    statuses: [200],
    asked: ["POST /a hello"],
  },
  {
    name: "absolute form with another host",
    text: "GET http://other/a HTTP/1.1\r\nHost: h\r\n\r\n",
    statuses: [200],
    asked: ["GET http://other/a"],
  },
  {
    name: "empty lines before a request",
    text: "\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n",
    statuses: [200],
    asked: ["GET /a"],
  },
  {
    name: "an upgrade that is not offered",
    text: `${post("Connection: Upgrade", "Upgrade: websocket", `Content-Length: ${hidden.length}`)}${hidden}`,
    statuses: [200],
    asked: [`POST /a ${hidden}`],
  },
  {
    name: "a name that looks like Content-Length",
    text: `${post("Content-Length: 5", "Content_Length: 0", "X-Content-Length: 0")}hello`,
    statuses: [200],
    asked: ["POST /a hello"],
  },
];

const statusesIn = (text: string): readonly number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

/** In one piece, and byte by byte. */
const ways: readonly { readonly how: string; send(one: Talk, text: string): Promise<void> }[] = [
  {
    how: "in one piece",
    send: async (one, text) => one.write(Buffer.from(text, "latin1")),
  },
  {
    how: "byte by byte",
    send: async (one, text) => {
      for (const byte of Buffer.from(text, "latin1")) {
        if (one.socket.destroyed) return;
        one.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  },
];

describe.each(ways)("a hidden request, sent $how", ({ send }) => {
  it.each(refusals)("is not served: $name", async ({ text, statuses, asked: wanted = [] }) => {
    const one = await open();
    await send(one, text);
    expect(statusesIn(await one.closed())).toEqual(statuses);
    expect(asked).toEqual(wanted);
  });

  it.each(readings)("is not served: $name", async ({ text, statuses, asked: wanted = [] }) => {
    const one = await open();
    await send(one, text);
    await one.until(/\r\n\r\n$/);
    await send(one, last);
    expect(statusesIn(await one.closed())).toEqual([...statuses, 200]);
    expect(asked).toEqual([...wanted, "GET /end"]);
  });

  it("is not served: behind the last request of a connection", async () => {
    const one = await open();
    await send(one, `${post("Connection: close", "Content-Length: 0")}${hidden}`);
    expect(statusesIn(await one.closed())[0]).toBe(200);
    expect(asked).toEqual(["POST /a"]);
  });
});
