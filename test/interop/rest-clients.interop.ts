/** Go's net/http and Python's http.client, requests and httpx as clients of the engine. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll } from "../contract/cleanup.ts";
import type { Clients } from "../peers/support/clients.ts";
import { root } from "../peers/support/peers.ts";
import { predictions, type Started, startEchoed } from "./support/engine.ts";
import { goClient, pythonClient, type RestClient } from "./support/rest-clients.ts";
import { startGo, startPython } from "./support/tools.ts";

const later = closeAfterAll();
const certificates = join(root, "test/support/certificates");

let started: Started;
let go: Clients;
let python: Clients;
beforeAll(async () => {
  started = await startEchoed(later);
  go = startGo();
  python = startPython("rest_clients.py");
});
afterAll(() => Promise.all([go.stop(), python.stop()]));

const small = '{"strData":"hællo"}';
const large = JSON.stringify({ strData: "0123456789abcdef".repeat(65_536) });
const json = { "Content-Type": "application/json" };

const ask = (body: string, more: object = {}) => ({
  method: "POST",
  url: started.engine.url + predictions,
  headers: json,
  body,
  ...more,
});

type Row = {
  readonly name: string;
  readonly client: () => RestClient;
  /** It keeps its connection. */
  readonly keeps?: boolean;
  readonly chunks?: boolean;
};

const rows: readonly Row[] = [
  { name: "Go's net/http", client: () => goClient(go) },
  { name: "Python's http.client", client: () => pythonClient(python, "http.client") },
  {
    name: "Python's http.client of HTTP/1.0",
    client: () => pythonClient(python, "http.client", { old: true }),
    keeps: false,
    chunks: false,
  },
  { name: "requests", client: () => pythonClient(python, "requests") },
  { name: "httpx", client: () => pythonClient(python, "httpx") },
];

describe.each(rows)("$name", ({ client, keeps = true, chunks = true }) => {
  it("gets every answer to a row of requests", async () => {
    const bodies = [small, large, '{"a":1}', small];
    const { replies, connections } = await client()(bodies.map((body) => ask(body)));
    expect(replies.map(({ status }) => status)).toEqual(bodies.map(() => 200));
    for (const [i, body] of bodies.entries()) expect(replies[i]?.body === body).toBe(true);
    expect(connections).toBe(keeps ? 1 : bodies.length);
  });

  it("sends bodies without saying how long they are", async () => {
    if (!chunks) return;
    const bodies = [small, large, small];
    const { replies, connections } = await client()(
      bodies.map((body) => ask(body, { chunked: true })),
    );
    for (const [i, body] of bodies.entries()) expect(replies[i]?.body === body).toBe(true);
    expect(connections).toBe(1);
  });

  it("goes on after errors, probes and OPTIONS", async () => {
    const { url } = started.engine;
    const { replies } = await client()([
      { method: "GET", url: `${url}/nowhere` },
      { method: "GET", url: url + predictions },
      { method: "HEAD", url: `${url}/live` },
      { method: "OPTIONS", url: url + predictions },
      { method: "GET", url: `${url}/ready` },
      ask(small),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([404, 405, 200, 200, 200, 200]);
    expect(replies.at(-1)?.body).toBe(small);
  });

  it("gets what is compressed as it likes it", async () => {
    // http.client never unpacks, and Go not what it was told to ask for.
    const codings = [{}, { "Accept-Encoding": "gzip" }];
    const { replies } = await client()(
      codings.map((coding) => ask(small, { headers: { ...json, Do: "gzip", ...coding } })),
    );
    for (const { status, body, headers } of replies) {
      expect(status).toBe(200);
      expect(body === small || headers["content-encoding"]?.[0] === "gzip").toBe(true);
    }
    expect(replies[0]?.body).toBe(small);
  });

  it("carries its id, its headers and its own", async () => {
    const headers = { ...json, "Seldon-Puid": "mine", "X-Own": "a, b", Do: "headers" };
    const [reply] = (await client()([ask(small, { headers })])).replies;
    expect(reply?.headers["seldon-puid"]).toEqual(["mine"]);
    expect(JSON.parse(reply?.body ?? "{}")).toMatchObject({
      "seldon-puid": "mine",
      "x-own": "a, b",
    });
  });
});

describe("Go's net/http", () => {
  it("waits for the word to go on, and gets it", async () => {
    const { replies } = await goClient(go)([
      ask(large, { expect: true }),
      ask(small, { expect: true }),
    ]);
    expect(replies.map(({ status, continued }) => ({ status, continued }))).toEqual([
      { status: 200, continued: true },
      { status: 200, continued: true },
    ]);
    expect(replies[0]?.body === large).toBe(true);
  });

  it("gets each of many at once its own answer", async () => {
    const asked = { url: started.engine.url + predictions, count: 3000, parallel: 64 };
    const told = await go.ask({ call: "rest-many", bytes: 200, ...asked });
    expect(told).toEqual({ right: asked.count, wrong: 0, codes: {} });
  });

  it("gets each of many large ones its own answer", async () => {
    const asked = { url: started.engine.url + predictions, count: 300, parallel: 16 };
    const told = await go.ask({ call: "rest-many", bytes: 100_000, ...asked });
    expect(told).toEqual({ right: asked.count, wrong: 0, codes: {} });
  });

  it("talks over TLS, and is not offered HTTP/2", async () => {
    const { engine } = await startEchoed(later, {
      env: {
        SELDON_CERT_MOUNT_PATH: certificates,
        SELDON_CERT_FILE_NAME: "first.crt",
        SELDON_CERT_KEY_FILE_NAME: "first.key",
      },
    });
    const url = engine.url.replace("http:", "https:") + predictions;
    const client = goClient(go, { ca: join(certificates, "ca.crt") });
    const { replies, connections } = await client([ask(small, { url }), ask(large, { url })]);
    expect(replies.map(({ status, version }) => ({ status, version }))).toEqual([
      { status: 200, version: "HTTP/1.1" },
      { status: 200, version: "HTTP/1.1" },
    ]);
    expect(replies[1]?.body === large).toBe(true);
    expect(connections).toBe(1);
    await engine.process.stop();
  });
});
