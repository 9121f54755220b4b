/** grpc-go, grpcio and grpc-js as clients of the engine. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll } from "../contract/cleanup.ts";
import type { Clients } from "../peers/support/clients.ts";
import type { Engine } from "../peers/support/engine.ts";
import { root } from "../peers/support/peers.ts";
import { makeProcesses } from "../peers/support/processes.ts";
import { predictRpc, startBefore } from "./support/engine.ts";
import { type GrpcPeer, jsPeer, linesPeer, type UnaryAsk } from "./support/grpc-clients.ts";
import { type GrpcNode, startNode } from "./support/grpc-nodes.ts";
import { startGo, startPython } from "./support/tools.ts";
import { numbered, textMessage, textOf } from "./typescript/messages.ts";

const later = closeAfterAll();
const processes = makeProcesses();
const certificates = join(root, "test/support/certificates");

let go: Clients;
let python: Clients;
let node: GrpcNode;
let engine: Engine;
beforeAll(async () => {
  go = startGo();
  python = startPython("grpc_clients.py");
  node = await startNode(processes, "JavaScript");
  ({ engine } = await startBefore(later, { http: node.port, grpc: node.port }));
});
afterAll(async () => {
  await Promise.all([go.stop(), python.stop(), processes.stopAll()]);
});

const unlimited = 64 * 1024 * 1024;
/** A call has long reached the container by then, on any machine. */
const arrivesMs = 2_000;
/** No call takes as long. */
const callMs = 100_000;
const secured = {
  SELDON_CERT_MOUNT_PATH: certificates,
  SELDON_CERT_FILE_NAME: "first.crt",
  SELDON_CERT_KEY_FILE_NAME: "first.key",
};
const at = (file: string): string => join(certificates, file);

describe.each<{ name: string; peer: () => GrpcPeer }>([
  { name: "grpc-go", peer: () => linesPeer(go) },
  { name: "grpcio", peer: () => linesPeer(python) },
  { name: "grpc-js", peer: () => jsPeer },
])("a client of $name", ({ name, peer }) => {
  const body = textMessage("hællo");
  const ask = (more: Partial<UnaryAsk> = {}) =>
    peer().unary({ target: { address: engine.grpc }, method: predictRpc, body, ...more });

  it("gets its answer, and the id of it ahead", async () => {
    const answer = await ask();
    expect(answer).toMatchObject({ code: 0, details: expect.anything(), body });
    expect(answer.initial["seldon-puid"]).toEqual([expect.stringMatching(/./)]);
  });

  it("has its metadata arrive, text and bytes, one and several", async () => {
    const metadata = {
      do: ["metadata"],
      "seldon-puid": ["mine"],
      "x-text": ["a", "b, c"],
      "x-raw-bin": [Buffer.from([0, 1, 254, 255]).toString("base64")],
      "x-long": ["v".repeat(5000)],
    };
    const answer = await ask({ metadata });
    expect(answer.initial["seldon-puid"]).toEqual(["mine"]);
    const arrived = JSON.parse(textOf(answer.body));
    expect(arrived["x-text"].join(", ")).toBe("a, b, c");
    expect(arrived).toMatchObject({
      "seldon-puid": ["mine"],
      "x-raw-bin": metadata["x-raw-bin"],
      "x-long": metadata["x-long"],
    });
  });

  it.each([
    { code: 3, details: "not like that" },
    { code: 5, details: "" },
    { code: 13, details: "ümlaut, 100% and\nmore" },
    { code: 16, details: "who?" },
  ])("gets error $code as the container made it, with its details", async ({ code, details }) => {
    const metadata = { do: [`fail:${code}:${encodeURIComponent(details)}`] };
    const answer = await ask({ metadata });
    expect(answer).toMatchObject({ code, details });
    expect(answer.rich.toString("latin1")).toContain("rich");
    expect(answer.body).toHaveLength(0);
  });

  it("is told that there is no such method", async () => {
    const answer = await ask({ method: "/seldon.protos.Seldon/Sing" });
    expect(answer.code).toBe(12);
  });

  it("has its deadline reach the container, and ends by it", async () => {
    const answer = await ask({ metadata: { do: ["deadline"] }, timeoutMs: 20_000 });
    const left = Number(textOf(answer.body));
    expect(left).toBeGreaterThan(10_000);
    expect(left).toBeLessThanOrEqual(20_100); // gRPC's C core writes three digits, rounded up
    const id = `late-${name}`;
    const gone = node.process.line(new RegExp(`^gone ${id} `));
    const hangs = { do: ["hang"], "seldon-puid": [id] };
    const late = await ask({ metadata: hangs, timeoutMs: arrivesMs });
    expect(late.code).toBe(4);
    expect(await gone).toMatch(/^gone/);
  });

  it("has its cancellation reach the container", async () => {
    const id = `cancel-${name}`;
    const gone = node.process.line(new RegExp(`^gone ${id} `));
    const answer = await ask({
      metadata: { do: ["hang"], "seldon-puid": [id] },
      cancelAfterMs: arrivesMs,
      timeoutMs: callMs,
    });
    expect(answer.code).toBe(1);
    expect(await gone).toBe(`gone ${id} cancelled`);
  });

  it("sends and gets nearly 4 MB, and more where both sides allow it", async () => {
    const large = textMessage(numbered(1, 4_194_304 - 100));
    const answer = await ask({ body: large });
    expect({ code: answer.code, right: answer.body.equals(large) }).toEqual({
      code: 0,
      right: true,
    });
    const size = { do: ["size:20000000"] };
    const target = { address: engine.grpc, maxReceiveBytes: unlimited };
    const huge = await ask({ target, metadata: size });
    expect({ code: huge.code, bytes: textOf(huge.body).length }).toEqual({
      code: 0,
      bytes: 20_000_000,
    });
    expect((await ask({ metadata: size })).code).toBe(8); // its own limit
  });

  it("sends what is compressed, and is understood", async () => {
    for (const text of ["", "short", numbered(3, 1_000_000)]) {
      const message = textMessage(text);
      const answer = await ask({ body: message, gzip: true });
      expect({ code: answer.code, right: answer.body.equals(message) }).toEqual({
        code: 0,
        right: true,
      });
    }
  });

  it("has 1000 calls on one connection at once", async () => {
    const many = {
      target: { address: engine.grpc },
      method: predictRpc,
      timeoutMs: callMs,
      bytes: 100,
    };
    const gathered = await peer().many({
      ...many,
      count: 1000,
      parallel: 1000,
      metadata: { do: ["gather:1000"] },
    });
    expect(gathered).toEqual({ right: 1000, wrong: 0, codes: {} });
    const more = await peer().many({ ...many, count: 3000, parallel: 1500 });
    expect(more).toEqual({ right: 3000, wrong: 0, codes: {} });
  });

  it("gets each of many large ones its own answer", async () => {
    const many = { target: { address: engine.grpc }, method: predictRpc, timeoutMs: callMs };
    const answer = await peer().many({ ...many, count: 200, parallel: 20, bytes: 100_000 });
    expect(answer).toEqual({ right: 200, wrong: 0, codes: {} });
  });

  it("loses no call when the engine is replaced", async () => {
    const own = await startNode(processes, "Go");
    const ports = { http: own.port, grpc: own.port };
    const { engine: first } = await startBefore(later, ports);
    const grpc = Number(first.grpc.split(":")[1]);
    const seen = own.process.line(/^calls 500$/);
    const all = peer().many({
      target: { address: first.grpc },
      method: predictRpc,
      timeoutMs: callMs,
      ...{ count: 3000, parallel: 16, bytes: 100, waitForReady: true },
    });
    await seen;
    await first.process.stop();
    await startBefore(later, ports, { ports: { grpc } });
    expect(await all).toEqual({ right: 3000, wrong: 0, codes: {} });
  });

  it.each([
    { name: "the engine alone", env: {}, tls: { ca: at("ca.crt") } },
    {
      name: "both",
      env: { ESPALIER_CLIENT_CA_FILE: at("ca.crt") },
      tls: { ca: at("ca.crt"), cert: at("client.crt"), key: at("client.key") },
    },
  ])("talks over TLS with certificates of $name", async ({ env, tls }) => {
    const ports = { http: node.port, grpc: node.port };
    const { engine: own } = await startBefore(later, ports, { env: { ...secured, ...env } });
    const target = { address: `localhost:${own.grpc.split(":")[1]}`, tls };
    expect(await ask({ target })).toMatchObject({ code: 0, body });
    const many = { target, method: predictRpc, timeoutMs: callMs, bytes: 10_000 };
    expect(await peer().many({ ...many, count: 500, parallel: 50 })).toEqual({
      ...{ right: 500, wrong: 0, codes: {} },
    });
    const stranger = await ask({ target: { address: target.address }, timeoutMs: 20_000 });
    expect(stranger.code).toBe(14);
    await own.process.stop();
  });
});

describe.each<{ name: string; peer: () => GrpcPeer }>([
  { name: "grpc-go", peer: () => linesPeer(go) },
  { name: "grpcio", peer: () => linesPeer(python) },
  { name: "grpc-js", peer: () => jsPeer },
])("a client of $name, of an engine with small limits,", ({ peer }) => {
  it("is refused what is too large, and served on", async () => {
    const ports = { http: node.port, grpc: node.port };
    const { engine: small } = await startBefore(later, ports, {
      flags: ["--max_body_bytes", "100000"],
    });
    const ask = (bytes: number, gzip: boolean) =>
      peer().unary({
        target: { address: small.grpc },
        method: predictRpc,
        body: textMessage("a".repeat(bytes)),
        gzip,
      });
    expect((await ask(90_000, false)).code).toBe(0);
    expect((await ask(110_000, false)).code).toBe(8);
    expect((await ask(10_000_000, true)).code).toBe(8);
    expect((await ask(90_000, true)).code).toBe(0);
    await small.process.stop();
  });
});
