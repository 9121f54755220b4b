import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { giveBack, takeBody } from "../../../runtime/body-pool.ts";
import { type Finished, makeReplyReader } from "../../../runtime/client/reply-reader.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { defaultLimits, type Limits } from "../../../runtime/limits.ts";

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

/** Reads the pieces; each is wiped afterwards, as the buffer that sockets read into is. */
const read = (
  pieces: readonly Buffer[],
  limits: Partial<Limits> = {},
  ends = false,
): Finished | undefined => {
  const reader = makeReplyReader({ ...defaultLimits, ...limits });
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    const finished = reader.read(lent);
    lent.fill(0x3f);
    if (finished !== undefined) return finished;
  }
  return ends ? reader.end() : undefined;
};

const codeOf = (attempt: () => unknown): unknown => {
  try {
    return attempt();
  } catch (error) {
    return error instanceof EngineError ? error.code : error;
  }
};

const wholeReplies = [
  {
    name: "a length",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    status: 200,
    body: "hello",
    reusable: true,
  },
  {
    name: "no reason phrase",
    text: "HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n",
    status: 299,
    body: "",
    reusable: true,
  },
  {
    name: "equal lengths",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    status: 200,
    body: "x",
    reusable: true,
  },
  {
    name: "chunks, with extensions and trailers",
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA ;x="y"\r\n0123456789\r\n00\r\nTrailer: t\r\n\r\n',
    status: 200,
    body: "abc0123456789",
    reusable: true,
  },
  {
    name: "interim answers before",
    text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    status: 200,
    body: "x",
    reusable: true,
  },
  {
    name: "204 whatever length it claims",
    text: "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n",
    status: 204,
    body: "",
    reusable: true,
  },
  {
    name: "304 without a length",
    text: "HTTP/1.1 304 Not Modified\r\n\r\n",
    status: 304,
    body: "",
    reusable: true,
  },
  {
    name: "several Connection headers",
    text: "HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n",
    status: 200,
    body: "",
    reusable: false,
  },
];

describe("makeReplyReader", () => {
  it.each(wholeReplies)("reads $name, however it is cut", ({ text, status, body, reusable }) => {
    const bytes = latin1(text);
    const single = [...bytes].map((byte) => Buffer.from([byte]));
    const cuts = [...bytes.keys()].map((at) => [bytes.subarray(0, at), bytes.subarray(at)]);
    for (const pieces of [[bytes], single, ...cuts]) {
      const finished = read(pieces.filter((piece) => piece.length > 0));
      expect(finished?.reply.status).toBe(status);
      expect(finished?.reply.body.toString("latin1")).toBe(body);
      expect(finished?.reusable).toBe(reusable);
    }
  });

  it("reads a body that ends with the connection, however it is cut", () => {
    const bytes = latin1("HTTP/1.1 200 OK\r\nContent-Type: a\r\n\r\nto the end");
    for (let at = 1; at < bytes.length; at += 1) {
      const finished = read([bytes.subarray(0, at), bytes.subarray(at)], {}, true);
      expect(finished?.reply.body.toString()).toBe("to the end");
      expect(finished?.reusable).toBe(false);
    }
  });

  it.each([
    { name: "nothing", text: "" },
    { name: "half a head", text: "HTTP/1.1 200 OK\r\n" },
    { name: "half a body", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx" },
    { name: "no last chunk", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
  ])("does not take $name for a reply when the connection ends", ({ text }) => {
    expect(
      read(
        [latin1(text)].filter(({ length }) => length > 0),
        {},
        true,
      ),
    ).toBeUndefined();
  });

  it("keeps names in lower case and values as they are between blanks", () => {
    const value = "\xc3\xa0 caf\xe9\xa0";
    const text = `HTTP/1.1 200 OK\r\nX-A: \t${value} \t\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n`;
    expect(read([latin1(text)])?.reply.headers).toEqual([
      ...["x-a", value, "x-empty", "", "content-length", "0"],
    ]);
  });

  it("knows whether a byte of the reply has come", () => {
    const reader = makeReplyReader(defaultLimits);
    expect(reader.started()).toBe(false);
    reader.read(latin1("H"));
    expect(reader.started()).toBe(true);
  });

  it("reads one reply after the other", () => {
    const reader = makeReplyReader(defaultLimits);
    for (const { text, status, body, reusable } of [...wholeReplies, ...wholeReplies]) {
      const finished = reader.read(latin1(text));
      expect(finished?.reply.status).toBe(status);
      expect(finished?.reply.body.toString("latin1")).toBe(body);
      expect(finished?.reusable).toBe(reusable);
      expect(reader.started()).toBe(false);
    }
  });

  it("reads each head for itself, like the last or not", () => {
    const reader = makeReplyReader(defaultLimits);
    const replies = ["a", "a", "b", "bb", "a"].map((value) => {
      const text = `HTTP/1.1 200 OK\r\nX: ${value}\r\nContent-Length: 1\r\n\r\n${value[0]}`;
      return reader.read(latin1(text))?.reply;
    });
    expect(replies.map((reply) => reply?.headers[1])).toEqual(["a", "a", "b", "bb", "a"]);
    expect(replies.map((reply) => reply?.body.toString())).toEqual(["a", "a", "b", "b", "a"]);
  });

  it("forgets a reply that is dropped, wherever it stopped", () => {
    for (const { text } of wholeReplies) {
      for (let at = 1; at < text.length; at += 1) {
        const reader = makeReplyReader(defaultLimits);
        reader.read(latin1(text.slice(0, at)));
        reader.drop();
        expect(reader.started()).toBe(false);
        const next = reader.read(latin1("HTTP/1.1 201 OK\r\nContent-Length: 2\r\n\r\nhi"));
        expect([next?.reply.status, next?.reply.body.toString()]).toEqual([201, "hi"]);
      }
    }
  });

  it("does not look at what an earlier read left behind", () => {
    const whole = latin1("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    for (let at = 1; at < whole.length; at += 1) {
      const reader = makeReplyReader(defaultLimits);
      expect(reader.read(whole, at)).toBeUndefined(); // the rest is there, but has not come
      const rest = Buffer.concat([whole.subarray(at), latin1("HTTP/1.1 500 No\r\n\r\n")]);
      const finished = reader.read(rest, whole.length - at);
      expect([finished?.reply.body.toString(), finished?.reusable]).toEqual(["hello", true]);
    }
  });

  it.each([
    { name: "by length", text: "Content-Length: 100000\r\n\r\n", end: "" },
    {
      name: "in chunks",
      text: "Transfer-Encoding: chunked\r\n\r\n186a0\r\n",
      end: "\r\n0\r\n\r\n",
    },
  ])("reads a large body $name into pooled memory, and gives it back if dropped", (row) => {
    const reader = makeReplyReader(defaultLimits);
    const first = takeBody(100_000);
    giveBack(first);
    reader.read(latin1(`HTTP/1.1 200 OK\r\n${row.text}${"x".repeat(80_000)}`));
    const other = takeBody(100_000);
    expect(other.buffer).not.toBe(first.buffer);
    reader.drop();
    expect(takeBody(100_000).buffer).toBe(first.buffer);
    giveBack(other);
    const whole = latin1(`HTTP/1.1 200 OK\r\n${row.text}${"y".repeat(100_000)}${row.end}`);
    const body = reader.read(whole)?.reply.body;
    expect(body?.buffer).toBe(other.buffer);
    expect(body?.equals(Buffer.alloc(100_000, "y"))).toBe(true);
  });

  it("collects many small chunks in linear time", () => {
    const count = 200_000;
    const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\nz\r\n".repeat(count)}0\r\n\r\n`;
    const body = read([latin1(text)])?.reply.body;
    expect(body?.equals(Buffer.alloc(count, "z"))).toBe(true);
  });

  const head = (line: string): string => `HTTP/1.1 200 OK\r\n${line}\r\n\r\n`;
  it.each([
    { name: "no HTTP", text: "SSH-2.0-OpenSSH\r\n\r\n" },
    { name: "HTTP/2", text: "HTTP/2 200\r\n\r\n" },
    { name: "HTTP/1.2", text: "HTTP/1.2 200 OK\r\n\r\n" },
    { name: "a status of two digits", text: "HTTP/1.1 20 OK\r\n\r\n" },
    { name: "a status below 100", text: "HTTP/1.1 099 OK\r\n\r\n" },
    { name: "switching protocols", text: "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" },
    { name: "a header without a colon", text: head("nothing") },
    { name: "a header without a name", text: head(": value") },
    { name: "a blank in a name", text: head("A b: c") },
    { name: "a folded line", text: head("A: b\r\n c") },
    { name: "a bare CR", text: head("A: b\rc") },
    { name: "a bare LF", text: head("A: b\nC: d") },
    { name: "a NUL", text: head("A: b\0c") },
    { name: "a vertical tab at the end", text: head("A: b\v") },
    { name: "a negative length", text: head("Content-Length: -1") },
    { name: "a length with a sign", text: head("Content-Length: +1") },
    { name: "a length that is no number", text: head("Content-Length: 1x") },
    { name: "a list of lengths", text: head("Content-Length: 1, 1") },
    { name: "two lengths", text: head("Content-Length: 1\r\nContent-Length: 2") },
    { name: "an unknown coding", text: head("Transfer-Encoding: gzip") },
    { name: "chunks twice", text: head("Transfer-Encoding: chunked, chunked") },
    {
      name: "chunks twice in two lines",
      text: head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    },
    { name: "a chunk without a size", text: `${head("Transfer-Encoding: chunked")}\r\n` },
    { name: "a size that is no number", text: `${head("Transfer-Encoding: chunked")}0x5\r\n` },
    { name: "a negative size", text: `${head("Transfer-Encoding: chunked")}-5\r\n` },
    { name: "a monstrous size", text: `${head("Transfer-Encoding: chunked")}fffffffff\r\n` },
    { name: "a size line that ends in LF", text: `${head("Transfer-Encoding: chunked")}5\nhello` },
    { name: "a chunk that is too long", text: `${head("Transfer-Encoding: chunked")}1\r\nab\r\n` },
    {
      name: "an endless size line",
      text: `${head("Transfer-Encoding: chunked")}1;${"x".repeat(5000)}`,
    },
  ])("refuses $name", ({ text }) => {
    expect(codeOf(() => read([latin1(text)]))).toBe("NODE_PROTOCOL");
    expect(codeOf(() => read([...latin1(text)].map((byte) => Buffer.from([byte]))))).toBe(
      "NODE_PROTOCOL",
    );
  });

  it.each([
    { name: "a head", text: `HTTP/1.1 200 OK\r\nA: ${"x".repeat(2000)}` },
    { name: "a whole head", text: `HTTP/1.1 200 OK\r\nA: ${"x".repeat(2000)}\r\n\r\n` },
    { name: "an announced body", text: "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" },
    {
      name: "a body in chunks",
      text: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n${"x".repeat(1001)}`,
    },
    {
      name: "a body without end",
      text: `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(1001)}`,
    },
  ])("refuses $name beyond the limit", ({ text }) => {
    const limits = { maxHeaderBytes: 1000, maxBodyBytes: 1000 };
    expect(codeOf(() => read([latin1(text)], limits))).toBe("NODE_PROTOCOL");
  });

  it("takes a head and a body of exactly the limit", () => {
    const top = "HTTP/1.1 200 OK\r\nContent-Length: 1000";
    const bytes = latin1(`${top}\r\n\r\n${"x".repeat(1000)}`);
    const limits = { maxHeaderBytes: top.length, maxBodyBytes: 1000 };
    expect(read([bytes], limits)?.reply.body.length).toBe(1000);
  });

  it("reads a header of nothing but blanks in linear time", () => {
    const text = `HTTP/1.1 200 OK\r\nA: x${" ".repeat(60_000)}y\r\nContent-Length: 0\r\n\r\n`;
    const before = process.cpuUsage(); // other than the clock, it stands still while others work
    read([latin1(text)]);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(500_000); // a backtracking pattern takes seconds
  });

  it("answers or throws an EngineError, whatever comes", () => {
    const piece = fc.oneof(
      fc.constantFrom("HTTP/1.1 200 OK\r\n", "Content-Length: 3\r\n", "\r\n", "abc", "5\r\n"),
      fc.constantFrom("Transfer-Encoding: chunked\r\n", "HTTP/1.1 100 C\r\n\r\n", "0\r\n\r\n", ":"),
      fc.string({ unit: "binary-ascii" }),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const outcome = codeOf(() =>
          read(
            pieces.map(latin1).filter(({ length }) => length > 0),
            {},
            true,
          ),
        );
        const isFinished = typeof outcome === "object" && outcome !== null && "reply" in outcome;
        return outcome === undefined || outcome === "NODE_PROTOCOL" || isFinished;
      }),
      { seed: 20_261_122, numRuns: 2000 },
    );
  });
});
