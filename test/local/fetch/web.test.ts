import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { type Answering, faultOf, fetching, limits, patience, silentMs } from "./harness.ts";

const { state, files, fetched } = fetching();

const body = Buffer.from("0123456789".repeat(200_000));

/** Answers ranges, and breaks the connection off after so many bytes of each of the first answers. */
const breaking = (...lengths: readonly number[]): Answering => {
  const left = [...lengths];
  return ({ headers }, response) => {
    const [, start] = /^bytes=(\d+)-$/.exec(headers.range ?? "") ?? [];
    const isSame = headers["if-range"] === '"one"';
    const from = start !== undefined && isSame ? Number(start) : 0;
    response.writeHead(from > 0 ? 206 : 200, {
      "Content-Length": body.length - from,
      ...(from > 0 ? { "Content-Range": `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
      ETag: '"one"',
    });
    const length = left.shift();
    if (length === undefined) return response.end(body.subarray(from));
    return response.write(body.subarray(from, from + length), () => response.destroy());
  };
};

const ranges = (): readonly (string | undefined)[] =>
  state.asked.map(({ headers }) => headers.range);

describe("fetchModel over HTTP", () => {
  it("saves the file under its name", async () => {
    state.answer = (_request, response) => response.end("{}");
    const { paths } = await fetched(`${state.url}/a/my%20model.json?signature=x`);
    expect(paths).toEqual([join(state.folder, "my model.json")]);
    expect(readFileSync(paths[0] ?? "", "utf8")).toBe("{}");
    expect(files()).toEqual(["my model.json"]);
  });

  it.each([
    { name: "no file", path: "/no.json", code: "NOT_FOUND" },
    { name: "no name", path: "/", code: "BAD_URI" },
    { name: "a name that leads elsewhere", path: "/a/..%2Fb", code: "BAD_URI" },
  ])("says what is wrong: $name", async ({ path, code }) => {
    expect(await faultOf(fetched(state.url + path))).toMatchObject({ code });
    expect(files()).toEqual([]);
  });

  it.each([
    { status: 401, code: "BAD_CREDENTIALS" },
    { status: 403, code: "DENIED" },
    { status: 418, code: "BAD_ANSWER" },
  ])("says at once what $status means", async ({ status, code }) => {
    state.answer = (_request, response) => response.writeHead(status).end();
    expect(await faultOf(fetched(`${state.url}/a`))).toMatchObject({ code });
    expect(state.asked).toHaveLength(1);
  });

  it("asks again where an answer may be another one next time, and gives up in the end", async () => {
    state.answer = (_request, response) =>
      state.asked.length < 3
        ? response.writeHead(503, { "Retry-After": "0" }).end()
        : response.end("x");
    await fetched(`${state.url}/a`);
    expect(state.asked).toHaveLength(3);
    state.answer = (_request, response) => response.writeHead(503).end();
    expect(await faultOf(fetched(`${state.url}/b`))).toMatchObject({ code: "UNREACHABLE" });
    expect(state.asked).toHaveLength(3 + patience.attempts);
  });

  it("continues where connections broke off, as long as there is progress", async () => {
    state.answer = breaking(300_000, 200_000, 300_000, 200_000, 300_000);
    const { paths, bytes } = await fetched(`${state.url}/a`);
    expect(readFileSync(paths[0] ?? "").equals(body)).toBe(true);
    expect(bytes).toBe(body.length);
    const starts = ranges().map((range) => Number(/\d+/.exec(range ?? "0")));
    expect(starts).toHaveLength(6);
    expect(starts).toEqual([...new Set(starts)].toSorted((a, b) => a - b));
  });

  it("continues what another process has begun", async () => {
    state.answer = breaking(500_000, 500_000, 0, 0, 0);
    expect(await faultOf(fetched(`${state.url}/a`))).toMatchObject({ code: "UNREACHABLE" });
    expect(files()).toEqual([".espalier-fetch"]);
    state.answer = breaking();
    const { bytes } = await fetched(`${state.url}/a`);
    expect(bytes).toBe(body.length - Number(/\d+/.exec(ranges().at(-1) ?? "0")));
    expect(bytes).toBeLessThan(body.length - 500_000);
    expect(files()).toEqual(["a"]);
    expect(readFileSync(join(state.folder, "a")).equals(body)).toBe(true);
  });

  it("asks for no byte of a file that is there, whole", async () => {
    await mkdir(join(state.folder, "b")); // where the file has no place
    state.answer = breaking();
    expect(await faultOf(fetched(`${state.url}/b`))).toMatchObject({ code: "DISK" });
    await rmdir(join(state.folder, "b"));
    state.answer = (_request, response) =>
      response.writeHead(416, { "Content-Range": `bytes */${body.length}` }).end();
    expect((await fetched(`${state.url}/b`)).bytes).toBe(0);
    expect(readFileSync(join(state.folder, "b")).equals(body)).toBe(true);
  });

  it("begins anew where the file is another one", async () => {
    state.answer = breaking(500_000, 0, 0, 0);
    await faultOf(fetched(`${state.url}/a`));
    state.answer = (_request, response) => response.writeHead(200, { ETag: '"two"' }).end("new");
    await fetched(`${state.url}/a`);
    expect(readFileSync(join(state.folder, "a"), "utf8")).toBe("new");
  });

  it("does not continue the part of another model", async () => {
    state.answer = breaking(500_000, 0, 0, 0);
    await faultOf(fetched(`${state.url}/a`));
    state.answer = breaking();
    expect((await fetched(`${state.url}/b`)).bytes).toBe(body.length);
    expect(files()).toEqual(["b"]);
  });

  it("keeps nothing of a file that is too large", async () => {
    const few = { limits: { ...limits, maxBytes: 1000 } };
    state.answer = (_request, response) => {
      response.write("x".repeat(1001)); // no length is told
      response.end();
    };
    expect(await faultOf(fetched(`${state.url}/a`, few))).toMatchObject({ code: "TOO_LARGE" });
    state.answer = (_request, response) =>
      response.writeHead(200, { "Content-Length": 1001 }).end();
    expect(await faultOf(fetched(`${state.url}/b`, few))).toMatchObject({ code: "TOO_LARGE" });
    expect(files()).not.toContain("a");
  });

  const sha256 = createHash("sha256").update(body).digest("base64");
  it.each([
    { name: "Repr-Digest", headers: { "Repr-Digest": `sha-256=:${sha256}:` } },
    { name: "Digest", headers: { Digest: `unixsum=1,SHA-256=${sha256}` } },
    { name: "Content-Digest", headers: { "Content-Digest": `sha-256=:${sha256}:` } },
    {
      name: "Content-MD5",
      headers: { "Content-MD5": createHash("md5").update(body).digest("base64") },
    },
    { name: "x-amz-checksum-sha256", headers: { "x-amz-checksum-sha256": sha256 } },
  ])("holds the bytes against $name", async ({ headers }) => {
    state.answer = (_request, response) => response.writeHead(200, headers).end(body);
    await fetched(`${state.url}/a`);
    const wrong = Buffer.from(body);
    wrong[5000] = 0;
    state.answer = (_request, response) => response.writeHead(200, headers).end(wrong);
    expect(await faultOf(fetched(`${state.url}/b`))).toMatchObject({ code: "CORRUPT" });
    expect(files()).toEqual(["a"]);
  });

  it("checks what came in parts, and fetches it anew if it is wrong", async () => {
    const headers = { ETag: '"one"', "Repr-Digest": `sha-256=:${sha256}:` };
    const wrong = Buffer.from(body);
    wrong[10] = 0;
    state.answer = (_request, response) => {
      response.writeHead(200, { ...headers, "Content-Length": body.length });
      response.write(wrong.subarray(0, 500_000), () => response.destroy());
      state.answer = ({ headers: asked }, next) => {
        if (asked.range === undefined) return next.writeHead(200, headers).end(body);
        const from = Number(/\d+/.exec(asked.range));
        const range = `bytes ${from}-${body.length - 1}/${body.length}`;
        return next
          .writeHead(206, { ETag: '"one"', "Content-Range": range })
          .end(body.subarray(from));
      };
    };
    await fetched(`${state.url}/a`);
    expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/), undefined]);
    expect(readFileSync(join(state.folder, "a")).equals(body)).toBe(true);
  });

  it("gives up in time, and does not tell the query", async () => {
    state.answer = () => {}; // never
    const soon = fetched(`${state.url}/a.json?token=secret`, {
      limits: { ...limits, timeoutMs: 50 },
    });
    const { code, message } = await faultOf(soon);
    expect(code).toBe("TIMED_OUT");
    expect(message).not.toContain("secret");
  });

  it("tells what went wrong last when no time is left", async () => {
    state.answer = (_request, response) => response.writeHead(503).end();
    const soon = fetched(`${state.url}/a.json`, {
      limits: { ...limits, timeoutMs: 3_000 }, // an answer is here long before, on any machine
      patience: { ...patience, firstPauseMs: 60_000, longestPauseMs: 60_000 },
    });
    const { code, message } = await faultOf(soon);
    expect(code).toBe("TIMED_OUT");
    expect(message).toContain("503");
  });

  it("does not wait for a server that says nothing", async () => {
    const impatient = { ...patience, attempts: 2, idleMs: silentMs };
    state.answer = (_request, response) => {
      response.writeHead(200, { "Content-Length": body.length });
      response.write("x"); // and no more
    };
    const halfway = fetched(`${state.url}/a`, { patience: impatient });
    expect(await faultOf(halfway)).toMatchObject({ code: "UNREACHABLE" });
    state.answer = () => {};
    const mute = fetched(`${state.url}/a`, { patience: impatient });
    expect(await faultOf(mute)).toMatchObject({ code: "UNREACHABLE" });
    expect(state.asked).toHaveLength(4);
  });

  it("sends a password as a header, no further than to its server, and does not tell it", async () => {
    state.answer = (_request, response) => response.writeHead(401).end();
    const uri = `${state.url.replace("http://", "http://user:s%40crt@")}/a.json`;
    expect((await faultOf(fetched(uri))).message).not.toMatch(/s%40crt|s@crt/);
    const pair = Buffer.from("user:s@crt").toString("base64");
    expect(state.asked[0]?.headers.authorization).toBe(`Basic ${pair}`);

    const elsewhere = state.url.replace("127.0.0.1", "localhost");
    state.answer = ({ url }, response) =>
      url === "/b"
        ? response.end("x")
        : response.writeHead(302, { Location: `${elsewhere}/b` }).end();
    const { paths } = await fetched(uri);
    expect(paths).toEqual([join(state.folder, "a.json")]);
    expect(state.asked.at(-1)?.headers.authorization).toBeUndefined();
  });

  it("follows redirects, and no circle of them", async () => {
    state.answer = (_request, response) => response.writeHead(302, { Location: "/a" }).end();
    expect(await faultOf(fetched(`${state.url}/a`))).toMatchObject({ code: "BAD_ANSWER" });
    expect(state.asked.length).toBeLessThan(10);
  });
});
