import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  answerEdgeError,
  makeRestHandler,
  type RestOptions,
} from "../../../runtime/component/rest.ts";
import { ComponentError, type Model } from "../../../runtime/component/user.ts";
import { defaultLimits } from "../../../runtime/limits.ts";
import { answering, type HttpServer, listenHttp } from "../../../runtime/server/http.ts";
import { componentOf, echo, silent } from "./fixture.ts";

const maxBytes = 100_000;

const listen = (model: Model, overrides: Partial<RestOptions> = {}): Promise<HttpServer> =>
  listenHttp({
    handler: answering(
      makeRestHandler({
        ...componentOf(model),
        metadata: { name: "m" },
        passthrough: undefined,
        maxDecompressedBytes: maxBytes,
        log: silent,
        ...overrides,
      }),
      answerEdgeError,
    ),
    onError: answerEdgeError,
    limits: { ...defaultLimits, maxBodyBytes: maxBytes },
    port: 0,
    host: "127.0.0.1",
  });

const json = { "Content-Type": "application/json" };
const form = { "Content-Type": "application/x-www-form-urlencoded" };
const text = '{"strData":"s"}';

let server: HttpServer;
let url: string;
beforeAll(async () => {
  const model: Model = {
    predict: echo,
    transformInput: echo,
    transformOutput: echo,
    route: () => 0,
    aggregate: ([first]) => first,
    sendFeedback: () => [],
  };
  server = await listen(model);
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.drain());

const parts = (entries: readonly (readonly [string, string | Blob])[]): FormData => {
  const data = new FormData();
  for (const [name, value] of entries) data.append(name, value);
  return data;
};

describe("routes", () => {
  const feedback = '{"reward":1}';
  const rows = [
    { paths: ["/predict", "/transform-input", "/transform-output", "/route"], body: text },
    { paths: ["/api/v0.1/predictions", "/api/v1.0/predictions"], body: text },
    { paths: ["/send-feedback", "/api/v0.1/feedback", "/api/v1.0/feedback"], body: feedback },
    { paths: ["/aggregate"], body: `[${text}]` },
  ].flatMap(({ paths, body }) => paths.map((path) => ({ path, body })));

  it.each(rows)("POST $path", async ({ path, body }) => {
    const answer = await fetch(url + path, { method: "POST", headers: json, body });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(await answer.json()).toHaveProperty("meta");
  });

  it.each(rows.filter(({ path }) => !path.startsWith("/api")))(
    "GET $path",
    async ({ path, body }) => {
      const answer = await fetch(`${url}${path}?json=${encodeURIComponent(body)}`);
      expect(answer.status).toBe(200);
    },
  );

  it.each([
    { path: "/health/ping", body: "pong" },
    { path: "/health/status", body: '{"meta":{},"strData":"healthy"}' },
    { path: "/api/v1.0/health/status", body: '{"meta":{},"strData":"healthy"}' },
    { path: "/metadata", body: '{"name":"m"}' },
    { path: "/api/v1.0/metadata", body: '{"name":"m"}' },
  ])("GET $path", async ({ path, body }) => {
    expect(await (await fetch(url + path)).text()).toBe(body);
  });

  it("writes the keys of a reply in order", async () => {
    const metric = { value: 1, type: "GAUGE", tags: { t: "v" }, key: "k" };
    const meta = { tags: { b: 1, a: 2 }, requestPath: { z: "1", y: "2" }, metrics: [metric, null] };
    const answer = await fetch(`${url}/predict`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ strData: "s", meta }),
    });
    expect(await answer.text()).toBe(
      '{"meta":{"metrics":[{"key":"k","tags":{"t":"v"},"type":"GAUGE","value":1},null],"requestPath":{"y":"2","z":"1"},"tags":{"a":2,"b":1}},"strData":"s"}',
    );
  });

  it("describes all of them in its OpenAPI document", async () => {
    const { paths } = (await (await fetch(`${url}/seldon.json`)).json()) as { paths: object };
    for (const path of Object.keys(paths)) {
      expect((await fetch(url + path, { method: "OPTIONS" })).status).toBe(200);
    }
    expect(Object.keys(paths)).toHaveLength(15);
  });

  it.each([
    { method: "GET", path: "/", status: 404 },
    { method: "GET", path: "/predict/", status: 404 },
    { method: "GET", path: "/toString", status: 404 },
    { method: "GET", path: "/api/v1.0/predictions", status: 405 },
    { method: "PUT", path: "/predict", status: 405 },
    { method: "POST", path: "/metadata", status: 405 },
  ])("$method $path is $status, in the words of other errors", async ({ method, path, status }) => {
    const answer = await fetch(url + path, { method });
    expect(answer.status).toBe(status);
    expect(answer.headers.has("allow")).toBe(status === 405);
    expect(await answer.json()).toMatchObject({
      status: { status: 1, code: -1, reason: "MICROSERVICE_BAD_DATA" },
    });
  });

  it("answers a browser that asks beforehand", async () => {
    const answer = await fetch(`${url}/predict`, {
      method: "OPTIONS",
      headers: { "Access-Control-Request-Headers": "x-own" },
    });
    expect(answer.headers.get("access-control-allow-methods")).toBe("GET, POST, OPTIONS");
    expect(answer.headers.get("access-control-allow-headers")).toBe("x-own");
  });

  it("answers HEAD without a body", async () => {
    const answer = await fetch(`${url}/health/ping`, { method: "HEAD" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-length")).toBe("4");
  });
});

describe("forms of a request", () => {
  const blob = (value: string, type = "application/octet-stream"): Blob =>
    new Blob([value], { type });
  const rows: readonly {
    readonly name: string;
    readonly query?: string;
    readonly init: RequestInit;
    readonly reply: object;
  }[] = [
    { name: "a body of JSON", init: { headers: json, body: text }, reply: { strData: "s" } },
    {
      name: "a charset beside it",
      init: { headers: { "Content-Type": "application/JSON; charset=utf-8" }, body: text },
      reply: { strData: "s" },
    },
    {
      name: "a type that is JSON by its ending",
      init: { headers: { "Content-Type": "application/vnd.me+json" }, body: text },
      reply: { strData: "s" },
    },
    {
      name: "a form field",
      init: { headers: form, body: `json=${encodeURIComponent('{"strData":"a+b & ü"}')}` },
      reply: { strData: "a+b & ü" },
    },
    {
      name: "a query parameter, which beats the body",
      query: `?x=1&json=${encodeURIComponent('{"strData":"q"}')}`,
      init: { headers: json, body: text },
      reply: { strData: "q" },
    },
    {
      name: "a form field, which beats the query parameter",
      query: "?json={}",
      init: { headers: form, body: `json=${encodeURIComponent(text)}` },
      reply: { strData: "s" },
    },
    {
      name: "a form of parts: text as it is",
      init: { body: parts([["strData", '{"not": "read"}']]) },
      reply: { strData: '{"not": "read"}' },
    },
    {
      name: "a form of parts: JSON",
      init: {
        body: parts([
          ["data", '{"ndarray":[1]}'],
          ["meta", '{"tags":{"a":1}}'],
        ]),
      },
      reply: { data: { names: [], ndarray: [1] }, meta: { tags: { a: 1 } } },
    },
    {
      name: "a form of parts: a file of bytes",
      init: { body: parts([["binData", blob("\u0000bytes")]]) },
      reply: { binData: Buffer.from("\u0000bytes").toString("base64") },
    },
    {
      name: "a form of parts: another file, as text",
      init: { body: parts([["strData", blob("tëxt", "text/plain")]]) },
      reply: { strData: "tëxt" },
    },
    {
      name: "a form of parts with a field that is a prototype",
      init: {
        body: parts([
          ["__proto__", '{"strData":"x"}'],
          ["strData", "s"],
        ]),
      },
      reply: { strData: "s" },
    },
    {
      name: "gzip",
      init: { headers: { ...json, "Content-Encoding": "gzip" }, body: gzipSync(text) },
      reply: { strData: "s" },
    },
    {
      name: "a plain body that claims to be gzip, as the second node of a graph gets it",
      init: { headers: { ...json, "Content-Encoding": "gzip" }, body: text },
      reply: { strData: "s" },
    },
    {
      name: "NaN as Python writes it",
      init: {
        headers: json,
        body: '{"data":{"tensor":{"shape":[3],"values":[NaN,-Infinity,1]},"names":["NaN\\""]}}',
      },
      reply: { data: { names: [], tensor: { shape: [3], values: ["NaN", "-Infinity", 1] } } },
    },
  ];
  it.each(rows)("$name", async ({ query = "", init, reply }) => {
    const answer = await fetch(`${url}/predict${query}`, { method: "POST", ...init });
    expect(await answer.json()).toEqual({ meta: {}, ...reply });
  });

  const multipart = (body: string): RequestInit => ({
    headers: { "Content-Type": "multipart/form-data; boundary=b" },
    body,
  });
  const zipped = (body: Buffer): RequestInit => ({
    headers: { ...json, "Content-Encoding": "gzip" },
    body,
  });
  const bad: readonly { name: string; query?: string; init: RequestInit; status?: number }[] = [
    { name: "JSON that breaks off", init: { headers: json, body: '{"strData":' } },
    { name: "an empty body", init: { headers: json, body: "" } },
    {
      name: "bytes that are not UTF-8",
      init: { headers: json, body: Buffer.from('{"strData":"\xff"}', "latin1") },
    },
    {
      name: "JSON that is not called so",
      init: { headers: { "Content-Type": "text/plain" }, body: text },
    },
    { name: "a form without json", init: { headers: form, body: text } },
    { name: "a form whose json is none", init: { headers: form, body: "json=x" } },
    {
      name: "a query whose json is none",
      query: "?json=NaN(",
      init: { headers: json, body: text },
    },
    {
      name: "a form of parts without a boundary",
      init: { headers: { "Content-Type": "multipart/form-data" }, body: "x" },
    },
    {
      name: "a form of parts that breaks off",
      init: multipart('--b\r\nContent-Disposition: form-data; name="strData"\r\n\r\nab'),
    },
    { name: "a form of parts without parts", init: multipart("") },
    { name: "a part that is no JSON", init: { body: parts([["data", "x"]]) } },
    {
      name: "a hundred and one parts",
      init: { body: parts(Array.from({ length: 101 }, (_, i) => [`f${i}`, "1"])) },
    },
    { name: "gzip that breaks off", init: zipped(gzipSync(text).subarray(0, 20)) },
    {
      name: "gzip of more than the limit",
      init: zipped(gzipSync(Buffer.alloc(maxBytes + 1))),
      status: 413,
    },
    {
      name: "a body of more than the limit",
      init: { headers: json, body: Buffer.alloc(maxBytes + 1) },
      status: 413,
    },
  ];
  it.each(bad)("refuses $name", async ({ query = "", init, status = 400 }) => {
    const answer = await fetch(`${url}/predict${query}`, { method: "POST", ...init });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ status: { reason: "MICROSERVICE_BAD_DATA" } });
  });

  it("answers a form of parts however it is cut or mangled", async () => {
    const whole = [
      '--b\r\nContent-Disposition: form-data; name="strData"\r\n\r\nab\r\n',
      '--b\r\nContent-Disposition: form-data; name="binData"; filename="f"\r\n\r\nab\r\n--b--\r\n',
    ].join("");
    const mangled = fc
      .tuple(fc.nat(whole.length), fc.nat(whole.length), fc.string({ maxLength: 3 }))
      .map(([from, to, extra]) => whole.slice(0, from) + extra + whole.slice(to));
    await fc.assert(
      fc.asyncProperty(mangled, async (body) => {
        const answer = await fetch(`${url}/predict`, { method: "POST", ...multipart(body) });
        expect([200, 400]).toContain(answer.status);
        await answer.arrayBuffer();
      }),
      { numRuns: 300 },
    );
  });

  it("answers any bytes with a status of its own", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 50 }), async (bytes) => {
        const body = Buffer.from(bytes);
        const answer = await fetch(`${url}/predict`, { method: "POST", headers: json, body });
        expect([200, 400]).toContain(answer.status);
        await answer.arrayBuffer();
      }),
    );
  });
});

describe("answers", () => {
  const ask = async (model: Model, overrides: Partial<RestOptions> = {}, path = "/predict") => {
    const own = await listen(model, overrides);
    const init = path === "/predict" ? { method: "POST", headers: json, body: text } : {};
    const answer = await fetch(`http://127.0.0.1:${own.port}${path}`, init);
    const body = await answer.text();
    await own.drain();
    return { status: answer.status, body, type: answer.headers.get("content-type") };
  };

  it.each([
    { code: 418, status: 418 },
    { code: 200, status: 200 },
    { code: -1, status: 500 },
    { code: 42, status: 500 },
    { code: "418", status: 500 },
    { code: null, status: 200 },
  ])("have the status of a raw prediction: $code", async ({ code, status }) => {
    const body = { status: { code } };
    const answer = await ask({ predictRaw: () => body });
    expect(answer).toMatchObject({ status, body: JSON.stringify(body) });
  });

  it("say what went wrong, and no more", async () => {
    const { status, body } = await ask({
      predict: () => {
        throw new Error("boom");
      },
    });
    expect(status).toBe(500);
    expect(JSON.parse(body)).toEqual({
      status: { status: 1, info: "boom", code: -1, reason: "MICROSERVICE_INTERNAL_ERROR" },
    });
  });

  it.each([
    { name: "arrays", wrap: (inner: unknown) => [inner] },
    { name: "objects", wrap: (inner: unknown) => ({ inner }) },
  ])("refuse $name nested without end", async ({ wrap }) => {
    let deep: unknown = 1;
    for (let i = 0; i < 90_000; i += 1) deep = wrap(deep);
    expect(await ask({ predict: () => deep })).toMatchObject({ status: 400 });
  });

  it("refuse what JSON cannot hold", async () => {
    expect(await ask({ predict: () => ({ n: 1n }) })).toMatchObject({ status: 500 });
  });

  it("encode the bytes of a raw prediction", async () => {
    const { body } = await ask({ predictRaw: () => ({ binData: Buffer.from("hi") }) });
    expect(JSON.parse(body)).toEqual({ binData: "aGk=" });
  });

  it("tell why there is no metadata", async () => {
    const metadata = new ComponentError("bad", {
      status: 500,
      reason: "MICROSERVICE_BAD_METADATA",
    });
    const { status, body } = await ask({}, { metadata }, "/metadata");
    expect(status).toBe(500);
    expect(JSON.parse(body)).toMatchObject({ status: { reason: "MICROSERVICE_BAD_METADATA" } });
  });

  it("pass undecoded bodies through when told to", async () => {
    const passthrough = (body: unknown): unknown =>
      Buffer.isBuffer(body) ? body.subarray(1, 5) : "";
    expect(await ask({}, { passthrough })).toEqual({
      status: 200,
      body: text.slice(1, 5),
      type: "application/json",
    });
    expect(await ask({}, { passthrough: () => ({}) })).toMatchObject({ status: 500 });
  });

  it("go on after a client left a method that never settles", async () => {
    let entered = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const never = new Promise(() => {});
    const own = await listen({
      predict: (X) => {
        if (X === "fast") return X;
        entered();
        return never;
      },
    });
    const target = `http://127.0.0.1:${own.port}/predict`;
    const abort = new AbortController();
    const left = fetch(target, { method: "POST", headers: json, body: text, signal: abort.signal });
    await waiting;
    abort.abort();
    await expect(left).rejects.toThrow();
    const answer = await fetch(target, {
      method: "POST",
      headers: json,
      body: '{"strData":"fast"}',
    });
    expect(await answer.json()).toEqual({ strData: "fast", meta: {} });
    await own.drain();
  });
});
