/** What no ordinary client sends, and a proxy may: pipelines, pieces, half-closed connections. */
import { beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll } from "../contract/cleanup.ts";
import { predictions, type Started, startEchoed } from "./support/engine.ts";
import { chunked, converse, cut, posted } from "./support/sockets.ts";

const later = closeAfterAll();

let started: Started;
let port: number;
beforeAll(async () => {
  started = await startEchoed(later);
  port = Number(new URL(started.engine.url).port);
});

const bodyOf = (id: number, bytes = 20): string => `{"strData":"${`<${id}>`.repeat(bytes / 4)}"}`;

describe("a pipeline of requests", () => {
  /** Request i of a pipeline; every kind of them in turn. */
  const kinds: readonly {
    readonly text: (id: number) => string;
    readonly body: (id: number) => string | undefined;
  }[] = [
    { text: (id) => posted(predictions, bodyOf(id)), body: (id) => bodyOf(id) },
    { text: (id) => chunked(predictions, bodyOf(id, 3000)), body: (id) => bodyOf(id, 3000) },
    { text: () => "GET /live HTTP/1.1\r\nHost: engine\r\n\r\n", body: () => undefined },
    { text: (id) => posted(predictions, bodyOf(id, 100_000)), body: (id) => bodyOf(id, 100_000) },
    {
      text: (id) => posted(predictions, bodyOf(id), { Expect: "100-continue" }),
      body: (id) => bodyOf(id),
    },
    {
      text: (id) => `\r\n${posted(predictions, bodyOf(id), { "Seldon-Puid": `p-${id}` })}`,
      body: (id) => bodyOf(id),
    },
  ];
  const pipeline = Array.from({ length: 60 }, (_, id) => {
    const kind = kinds[id % kinds.length];
    return { text: kind?.text(id) ?? "", body: kind?.body(id) };
  });
  const text = pipeline.map((one) => one.text).join("");

  it.each([
    { name: "at once", pieces: [text] },
    { name: "one by one", pieces: pipeline.map((one) => one.text) },
    { name: "in pieces of 1000 bytes", pieces: cut(text, 1000) },
    { name: "in pieces of 65536 bytes", pieces: cut(text, 65_536) },
  ])("is answered in order when it comes $name", async ({ pieces }) => {
    const { answers } = await converse(port, pieces, { answers: pipeline.length });
    expect(answers.map(({ status }) => status)).toEqual(pipeline.map(() => 200));
    for (const [i, { body }] of pipeline.entries()) {
      if (body !== undefined) expect(answers[i]?.body).toBe(body);
    }
  });

  it("is answered in order when the first takes longest", async () => {
    const sizes = [1_000_000, 10, 100_000, 10, 10];
    const all = sizes.map((bytes, id) => posted(predictions, bodyOf(id, bytes)));
    const { answers } = await converse(port, [all.join("")], { answers: sizes.length });
    expect(answers.map(({ body }) => body.length)).toEqual(
      sizes.map((bytes, id) => bodyOf(id, bytes).length),
    );
  });

  it("ends after the request that says so", async () => {
    const text = [
      posted(predictions, bodyOf(1)),
      posted(predictions, bodyOf(2), { Connection: "close" }),
      posted(predictions, bodyOf(3)),
    ];
    const before = started.seen.length;
    const { answers, closed } = await converse(port, [text.join("")]);
    expect(closed).toBe(true);
    expect(answers.map(({ body }) => body)).toEqual([bodyOf(1), bodyOf(2)]);
    expect(started.seen.length - before).toBe(2);
  });

  it("is answered up to what is malformed", async () => {
    const text = `${posted(predictions, bodyOf(1))}${posted(predictions, bodyOf(2))}POST\r\n\r\n`;
    const { answers, closed } = await converse(port, [text]);
    expect(closed).toBe(true);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400]);
  });
});

describe("a request", () => {
  it.each([
    { name: "byte by byte", bytes: 1 },
    { name: "in pieces of 7 bytes", bytes: 7 },
  ])("that comes $name is answered", async ({ bytes }) => {
    for (const text of [
      posted(predictions, bodyOf(7)),
      chunked(predictions, bodyOf(7), { bytes: 3 }),
    ]) {
      const { answers } = await converse(port, cut(text, bytes), { answers: 1 });
      expect(answers[0]).toMatchObject({ status: 200, body: bodyOf(7) });
    }
  });

  // It cannot be told from a client that has left, which ends its request. Go on, or end: no half.
  it.each([
    { name: "of HTTP/1.1", text: posted(predictions, bodyOf(8)), body: bodyOf(8) },
    { name: "in chunks", text: chunked(predictions, bodyOf(8)), body: bodyOf(8) },
    {
      name: "of 100 KB",
      text: posted(predictions, bodyOf(8, 100_000)),
      body: bodyOf(8, 100_000),
    },
  ])("$name whose client closes its side is answered whole or not at all", async (row) => {
    const { answers, rest, closed } = await converse(port, [row.text], { halfClose: true });
    expect({ rest, closed }).toEqual({ rest: "", closed: true });
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: row.body });
    const after = await converse(port, [posted(predictions, bodyOf(9))], { answers: 1 });
    expect(after.answers[0]).toMatchObject({ status: 200, body: bodyOf(9) });
  });

  it.each([
    {
      name: "chunks with extensions and trailers",
      text: `POST ${predictions} HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n6;a=b;c="d"\r\n{"a":1\r\n1\r\n}\r\n0\r\nX-Sum: 1\r\n\r\n`,
      body: '{"a":1}',
    },
    {
      name: "spaces around values",
      text: `POST ${predictions} HTTP/1.1\r\nHost:e\r\nContent-Length:\t 7 \t\r\n\r\n{"a":1}`,
      body: '{"a":1}',
    },
    {
      name: "names in odd case",
      text: `POST ${predictions} HTTP/1.1\r\nhOsT: e\r\ncOnTeNt-LeNgTh: 7\r\n\r\n{"a":1}`,
      body: '{"a":1}',
    },
    {
      name: "bytes beyond ASCII in a value",
      text: posted(predictions, '{"a":1}', { "X-Name": "J\xfcrgen" }),
      body: '{"a":1}',
    },
    {
      name: "a query",
      text: posted(`${predictions}?a=b&c`, '{"a":1}'),
      body: '{"a":1}',
    },
  ])("with $name is answered", async ({ text, body }) => {
    const { answers } = await converse(port, [text], { answers: 1 });
    expect(answers[0]).toMatchObject({ status: 200, body });
  });
});
