/** curl as a client of the engine: every way in which it can put a request. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll } from "../contract/cleanup.ts";
import { root } from "../peers/support/peers.ts";
import { curl } from "./support/curl.ts";
import { predictions, type Started, startEchoed } from "./support/engine.ts";

const later = closeAfterAll();
const certificates = join(root, "test/support/certificates");

let url: string;
let started: Started;
let folder: string;
const files = { large: "", zipped: "" };
const large = JSON.stringify({ strData: "0123456789abcdef".repeat(131_072) }); // 2 MB: curl expects 100
beforeAll(async () => {
  started = await startEchoed(later);
  url = started.engine.url + predictions;
  folder = mkdtempSync(join(tmpdir(), "espalier-interop-"));
  later(() => rmSync(folder, { recursive: true }));
  files.large = join(folder, "large");
  files.zipped = join(folder, "zipped");
  writeFileSync(files.large, large);
  writeFileSync(files.zipped, gzipSync(small));
});

const small = '{"strData":"hællo"}';
const json = ["-H", "Content-Type: application/json"];
const post = (body = small): readonly string[] => [...json, "--data-binary", body];

describe("curl", () => {
  it.each([
    { name: "HTTP/1.1", args: [], version: "1.1" },
    { name: "HTTP/1.0", args: ["--http1.0"], version: "1.1" },
    { name: "an offer of HTTP/2", args: ["--http2"], version: "1.1" },
    { name: "no header that need not be", args: ["-H", "Accept:", "-H", "User-Agent:"] },
    { name: "a header without a value", args: ["-H", "X-Empty;"] },
    { name: "a cookie", args: ["-b", "a=b; c=d"] },
    { name: "credentials", args: ["-u", "a:b"] },
    { name: "transfer codings it would take", args: ["--tr-encoding"] },
    { name: "codings it would take", args: ["--compressed"] },
    { name: "an id", args: ["-H", "Seldon-Puid: p-1"] },
    { name: "an Expect for a small body", args: ["-H", "Expect: 100-continue"] },
    { name: "a chunked body", args: ["-H", "Transfer-Encoding: chunked"] },
    {
      name: "chunks and an Expect",
      args: ["-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-Continue"],
    },
  ])("gets its answer with $name", async ({ args, version = "1.1" }) => {
    const { code, first } = await curl([...args, ...post(), url]);
    expect({ code, status: first.status, body: first.body.toString() }).toEqual({
      code: 0,
      status: 200,
      body: small,
    });
    expect(first.version).toBe(version);
    expect(first.headers).toMatchObject({
      "content-type": ["application/json"],
      "seldon-puid": [expect.stringMatching(/./)],
    });
  });

  it.each([
    { name: "of HTTP/1.1", args: [], connects: [1, 0, 0] },
    { name: "of HTTP/1.0", args: ["--http1.0"], connects: [1, 1, 1] },
    {
      name: "of HTTP/1.0 that asks for it",
      args: ["--http1.0", "-H", "Connection: keep-alive"],
      connects: [1, 0, 0],
    },
    { name: "that is closed", args: ["-H", "Connection: close"], connects: [1, 1, 1] },
    {
      name: "with chunked bodies",
      args: ["-H", "Transfer-Encoding: chunked"],
      connects: [1, 0, 0],
    },
  ])("keeps a connection $name", async ({ args, connects }) => {
    const bodies = ['{"strData":"one"}', '{"strData":"two"}', '{"strData":"three"}'];
    const { code, transfers } = await curl(...bodies.map((body) => [...args, ...post(body), url]));
    expect(code).toBe(0);
    expect(transfers.map(({ body }) => body.toString())).toEqual(bodies);
    expect(transfers.map((one) => one.connects)).toEqual(connects);
  });

  it("keeps a connection across methods, errors and sizes", async () => {
    const { transfers } = await curl(
      [...post(), url],
      ["-I", `${started.engine.url}/live`],
      ["-X", "OPTIONS", url],
      [url],
      [...json, "--data-binary", `@${files.large}`, url],
      [`${started.engine.url}/nowhere`],
      ["-X", "PUT", ...post(), url],
      [...post(), url],
    );
    expect(transfers.map(({ status }) => status)).toEqual([200, 200, 200, 405, 200, 404, 405, 200]);
    expect(transfers.map(({ connects }) => connects)).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    expect(transfers.at(-1)?.body.toString()).toBe(small);
  });

  it("is told to go on with a large body", async () => {
    const { first, trace } = await curl([...json, "--data-binary", `@${files.large}`, url]);
    expect(trace).toContain("< HTTP/1.1 100 Continue");
    expect(first.status).toBe(200);
    expect(first.body.equals(Buffer.from(large))).toBe(true);
  });

  it.each([
    { name: "without an Expect", args: ["-H", "Expect:"] },
    { name: "in chunks", args: ["-H", "Transfer-Encoding: chunked"] },
    {
      name: "in chunks without an Expect",
      args: ["-H", "Transfer-Encoding: chunked", "-H", "Expect:"],
    },
    { name: "slowly", args: ["--limit-rate", "2M"] },
  ])("sends a large body $name", async ({ args }) => {
    const { first } = await curl([...args, ...json, "--data-binary", `@${files.large}`, url]);
    expect(first.status).toBe(200);
    expect(first.body.equals(Buffer.from(large))).toBe(true);
  });

  it("gets the head of an answer alone", async () => {
    const live = `${started.engine.url}/live`;
    const { code, first } = await curl(["-I", live]);
    expect({ code, status: first.status, body: first.body.length }).toMatchObject({
      code: 0,
      status: 200,
    });
    expect((await curl(["-I", url])).first.status).toBe(405);
  });

  it("is told what it may do", async () => {
    const { first } = await curl(["-X", "OPTIONS", url]);
    expect(first.status).toBe(200);
    expect(first.headers).toMatchObject({
      "access-control-allow-methods": ["OPTIONS,POST"],
      "access-control-allow-origin": ["*"],
    });
  });

  it("has many headers arrive", async () => {
    const names = Array.from({ length: 200 }, (_, i) => `X-Many-${i}`);
    const headers = names.flatMap((name, i) => ["-H", `${name}: value ${i}`]);
    const { first } = await curl([...headers, "-H", "Do: headers", ...post(), url]);
    const arrived = JSON.parse(first.body.toString());
    for (const [i, name] of names.entries()) expect(arrived[name.toLowerCase()]).toBe(`value ${i}`);
  });

  it("is refused with a head that is too large", async () => {
    const headers = Array.from({ length: 70 }, (_, i) => ["-H", `X-${i}: ${"v".repeat(1000)}`]);
    expect((await curl([...headers.flat(), ...post(), url])).first.status).toBe(431);
  });

  it("decompresses what the container compressed, if it asked for it or not", async () => {
    const zipped = ["-H", "Do: gzip"];
    const { transfers } = await curl(
      [...zipped, ...post(), url],
      [...zipped, "--compressed", ...post(), url],
    );
    const [plain, asked] = transfers;
    expect(plain?.headers["content-encoding"]).toBeUndefined();
    expect(asked?.headers["content-encoding"]).toEqual(["gzip"]);
    for (const one of transfers) expect(one.body.toString()).toBe(small);
  });

  it("has its compressed body arrive as it is", async () => {
    const body = ["-H", "Content-Encoding: gzip", "--data-binary", `@${files.zipped}`];
    const { first } = await curl([...json, ...body, url]);
    expect(first.status).toBe(200);
    expect(first.body.equals(gzipSync(small))).toBe(true);
    expect(started.seen.at(-1)?.headers["content-encoding"]).toBe("gzip");
  });

  it("asks as it asks a proxy, by the whole URL", async () => {
    const proxied = ["--noproxy", "", "-x", started.engine.url, ...post()];
    const { first } = await curl([...proxied, `http://models.example${predictions}`]);
    expect(first.body.toString()).toBe(small);
  });

  it("gets each of many at once its own answer", async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `id-${i}`);
    const transfers = ids.map((id) => [
      ...["-Z", "--parallel-immediate", "--parallel-max", "25"],
      ...["-H", `Seldon-Puid: ${id}`, ...post(`{"strData":"${id}"}`), url],
    ]);
    const made = await curl(...transfers);
    expect(made.code).toBe(0);
    // In parallel the words on transfers come as they end: each says its own id.
    expect(made.transfers.map(({ headers }) => headers["seldon-puid"]?.[0]).sort()).toEqual(
      [...ids].sort(),
    );
    expect(made.transfers.map(({ body }) => body.toString())).toEqual(
      ids.map((id) => `{"strData":"${id}"}`),
    );
  });

  it("is refused in HTTP/2 that is not offered", async () => {
    const { code, first } = await curl(["--http2-prior-knowledge", ...post(), url]);
    expect(code).not.toBe(0);
    expect(first.status).toBe(0);
  });
});

describe("curl, of an engine with small limits,", () => {
  it("is refused unsent what is too large", async () => {
    const { engine } = await startEchoed(later, { flags: ["--max_body_bytes", "100000"] });
    const body = [...json, "--data-binary", `@${files.large}`];
    const { first, trace } = await curl([...body, engine.url + predictions]);
    expect(first).toMatchObject({ status: 413, uploaded: 0 });
    expect(trace).not.toContain("100 Continue");
    const chunked = await curl([
      "-H",
      "Transfer-Encoding: chunked",
      ...body,
      engine.url + predictions,
    ]);
    expect(chunked.first.status).toBe(413);
  });
});

describe("curl over TLS", () => {
  it.each([
    { name: "HTTP/1.1", args: ["--http1.1"] },
    { name: "an offer of HTTP/2 by ALPN", args: ["--http2"] },
    { name: "no ALPN", args: ["--no-alpn"] },
    { name: "HTTP/1.0, which ALPN would refuse", args: ["--no-alpn", "--http1.0"] },
  ])("gets its answer with $name", async ({ args }) => {
    const { engine } = await startEchoed(later, {
      env: {
        SELDON_CERT_MOUNT_PATH: certificates,
        SELDON_CERT_FILE_NAME: "first.crt",
        SELDON_CERT_KEY_FILE_NAME: "first.key",
      },
    });
    const port = new URL(engine.url).port;
    const { first } = await curl([
      ...args,
      ...["--cacert", join(certificates, "ca.crt"), "--connect-to", `::127.0.0.1:${port}`],
      ...post(),
      `https://localhost:${port}${predictions}`,
    ]);
    expect(first).toMatchObject({ status: 200, version: "1.1" });
    expect(first.body.toString()).toBe(small);
    await engine.process.stop();
  });
});
