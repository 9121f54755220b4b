/** Clients that mean harm, against an engine of its own process: it lives, its memory is bounded, others are served. */
import { setImmediate } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { closeAfterAll, closeAfterEach } from "../../contract/cleanup.ts";
import { at } from "../../contract/engine.ts";
import { type EngineProcess, startEngineProcess } from "../../contract/engine-process.ts";
import {
  callHeaders,
  endHeaders,
  endStream,
  frame,
  frameTypes,
  openRaw,
  preface,
  type RawClient,
  uint32,
} from "../../contract/frames.ts";
import { type GrpcHost, openGrpcClient, openGrpcHost } from "../../contract/grpc.ts";
import { framed, gzipped, openH2 } from "../../contract/http2.ts";

const atEnd = closeAfterAll();

const predict = "/seldon.protos.Seldon/Predict";
const megabyte = 1024 * 1024;
const hello = Buffer.from("hello");

/** What a flood may leave behind. The engine starts with some 120 MB. */
const mostBytes = 600 * megabyte;

const maxConnections = 60;
const args = [
  "--max_connections",
  String(maxConnections),
  "--max_body_bytes",
  String(8 * megabyte),
];

let host: GrpcHost;
let engine: EngineProcess;
beforeAll(async () => {
  const modelPredict = "/seldon.protos.Model/Predict";
  host = await openGrpcHost(atEnd, { unary: { [modelPredict]: ({ body }) => body } });
  engine = await startEngineProcess({ name: "m", type: "MODEL", endpoint: at(host) }, { args });
});

afterAll(async () => {
  expect(engine.lines.filter((line) => !line.startsWith("{"))).toEqual([]);
  expect(await engine.stop()).toBe(0);
});

/** Asks all the while a test runs; every call must be answered. */
let bystander: {
  /** Its first call is answered. */
  readonly connected: Promise<unknown>;
  stop(): Promise<{ readonly asked: number; readonly failed: readonly string[] }>;
};
beforeEach(() => {
  const client = openGrpcClient(later, engine.grpcPort);
  const failed: string[] = [];
  let asked = 0;
  let over = false;
  const ask = () => client.ask(predict, hello, { timeoutMs: 30_000 });
  const connected = ask();
  const asking = (async () => {
    await connected;
    do {
      const { code, details } = await ask();
      asked += 1;
      if (code !== grpcCodes.OK) failed.push(`${code} ${details}`);
    } while (!over);
  })();
  bystander = {
    connected,
    stop: async () => {
      over = true;
      await asking;
      return { asked, failed };
    },
  };
});

afterEach(async () => {
  const { asked, failed } = await bystander.stop();
  expect(failed).toEqual([]);
  expect(asked).toBeGreaterThan(0);
  expect(engine.isAlive()).toBe(true);
  expect(engine.rssBytes()).toBeLessThan(mostBytes);
});

/** After the bystander, which needs its client until then. */
const later = closeAfterEach();

const connect = async (): Promise<RawClient> => {
  const raw = await openRaw(later, engine.grpcPort);
  await raw.write(preface);
  return raw;
};

/**
 * Sends the same again and again until the engine hangs up, or this many times. It looks whether that
 * has happened after each: what the system takes at once would be sent in a single turn of the loop.
 */
const repeat = async (raw: RawClient, bytes: Buffer, times: number): Promise<number> => {
  const over = raw.closed.then(() => false);
  for (let sent = 0; sent < times; sent += 1) {
    if (!(await Promise.race([raw.write(bytes), over]))) return sent;
    await setImmediate();
  }
  return times;
};

/** Many of a small thing, so that the flood costs the test little. */
const many = (bytes: Buffer, count: number): Buffer => Buffer.concat(Array(count).fill(bytes));

const opened = (index: number, more: Buffer = Buffer.alloc(0)): Buffer =>
  frame(frameTypes.headers, Buffer.concat([callHeaders(predict), more]), {
    flags: endHeaders,
    stream: 2 * index + 1,
  });
const reset = (index: number): Buffer =>
  frame(frameTypes.resetStream, uint32(8), { stream: 2 * index + 1 });
const asked = (index: number): Buffer =>
  frame(frameTypes.data, framed(hello), { flags: endStream, stream: 2 * index + 1 });

describe("a flood of", () => {
  it("calls that are reset at once reaches few nodes", async () => {
    const before = host.seen.length;
    const raw = await connect();
    for (let i = 0; i < 20_000; i += 100) {
      const some = Array.from({ length: 100 }, (_, k) => k + i);
      const bytes = Buffer.concat(some.flatMap((k) => [opened(k), asked(k), reset(k)]));
      if (!(await raw.write(bytes))) break;
    }
    await raw.closed; // beyond a burst the connection is given up
    const { asked: own } = await bystander.stop();
    expect(host.seen.length - before - own).toBeLessThan(5000);
  });

  it("streams that are reset before they ask ends the connection", async () => {
    const raw = await connect();
    for (let i = 0; i < 20_000; i += 100) {
      const some = Array.from({ length: 100 }, (_, k) => k + i);
      if (!(await raw.write(Buffer.concat(some.flatMap((k) => [opened(k), reset(k)]))))) break;
    }
    await raw.closed;
  });

  it.each([
    { name: "pings whose answers are not read", bytes: frame(frameTypes.ping, Buffer.alloc(8)) },
    { name: "settings whose answers are not read", bytes: frame(frameTypes.settings) },
    {
      name: "priorities",
      bytes: frame(frameTypes.priority, Buffer.from([0, 0, 0, 0, 1]), { stream: 9 }),
    },
    { name: "frames of no known type", bytes: frame(77, Buffer.alloc(10)) },
    { name: "larger windows", bytes: frame(frameTypes.windowUpdate, uint32(1)) },
  ])("$name costs no memory", async ({ bytes }) => {
    const raw = await connect();
    raw.socket.pause();
    const stuck = new Promise<number>((resolve) => setTimeout(() => resolve(-1), 2000));
    await Promise.race([repeat(raw, many(bytes, 1000), 300), stuck]);
  });

  it("empty frames of data ends the connection", async () => {
    const raw = await connect();
    await raw.write(opened(0));
    const empty = frame(frameTypes.data, Buffer.alloc(0), { stream: 1 });
    expect(await repeat(raw, many(empty, 1000), 5000)).toBeLessThan(5000);
  });

  it("headers without an end ends the connection", async () => {
    const raw = await connect();
    await raw.write(frame(frameTypes.headers, callHeaders(predict), { stream: 1 }));
    const one = Buffer.concat([Buffer.from([0, 1, 0x78, 100]), Buffer.alloc(100, "a")]);
    const piece = frame(frameTypes.continuation, many(one, 100), { stream: 1 });
    // It is told why, and what it sends meanwhile is thrown away.
    expect(await repeat(raw, piece, 200_000)).toBeLessThan(200_000);
  });

  it("headers that unpack to a thousand times their size is refused", async () => {
    const raw = await connect();
    const length = Buffer.from([0x7f, 0xbd, 0x1d]); // 3900 in steps of seven bits beyond 127
    const entry = Buffer.concat([Buffer.from([0x40, 1, 0x78]), length, Buffer.alloc(3900, "a")]);
    await raw.write(opened(0, entry));
    const again = Buffer.alloc(15_000, 0x80 | 62); // the newest entry of the table, each
    for (let i = 1; i < 200; i += 1) if (!(await raw.write(opened(i, again)))) break;
  });

  it("open calls is bounded by connection, and given up with it", async () => {
    const { asked: before } = await bystander.stop();
    expect(before).toBeGreaterThan(0);
    for (let k = 0; k < 10; k += 1) {
      const raw = await connect();
      for (let i = 0; i < 3000; i += 100) {
        const some = Array.from({ length: 100 }, (_, n) => opened(n + i));
        await raw.write(Buffer.concat(some)); // beyond 1000 they are refused
      }
    }
  });
});

describe("a gzip bomb", () => {
  it("of a client is RESOURCE_EXHAUSTED, thirty times at once", async () => {
    const body = gzipped(Buffer.alloc(300 * megabyte));
    const client = await openH2(later, engine.grpcPort);
    const bombs = Array.from({ length: 30 }, () =>
      client.send(predict, body, { "grpc-encoding": "gzip" }),
    );
    const statuses = (await Promise.all(bombs)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([grpcCodes.RESOURCE_EXHAUSTED]));
  });
});

describe("large answers that nobody reads", () => {
  it("are kept up to their own size, and dropped with the connection", async () => {
    const client = await openH2(later, engine.grpcPort);
    const body = framed(Buffer.alloc(megabyte));
    for (let i = 0; i < 100; i += 1) client.open(predict).end(body);
    const before = host.seen.length;
    while (host.seen.length < before + 50) await new Promise((resolve) => setTimeout(resolve, 10));
    client.session.destroy();
  });
});

describe("connections beyond the limit", () => {
  it("are told so, and take no place when they are gone", async () => {
    await bystander.connected;
    const first = Array.from({ length: maxConnections - 1 }, () => openRaw(later, engine.grpcPort));
    const held = await Promise.all(first);
    const more: RawClient[] = [];
    for (let i = 0; i < 1000; i += 1) more.push(await openRaw(later, engine.grpcPort));
    await Promise.all(more.map(({ closed }) => closed));
    const told = more.map((one) => one.received().toString("latin1"));
    expect(told.filter((text) => text.includes("--max_connections"))).toHaveLength(1000);
    const late = openGrpcClient(later, engine.grpcPort);
    const refused = [grpcCodes.RESOURCE_EXHAUSTED, grpcCodes.UNAVAILABLE];
    expect(refused).toContain((await late.ask(predict, hello)).code);
    for (const one of held) one.socket.destroy();
    while ((await late.ask(predict, hello)).code !== grpcCodes.OK);
  });
});

describe("a connection that is silent", () => {
  it("is closed, while one that answers pings stays", async () => {
    const model = at(
      await openGrpcHost(later, {
        unary: { "/seldon.protos.Model/Predict": ({ body }) => body },
      }),
    );
    const quick = await startEngineProcess(
      { name: "m", type: "MODEL", endpoint: model },
      { args: ["--idle_timeout", "1500ms"] },
    );
    later(() => quick.stop());
    const client = await openH2(later, quick.grpcPort);
    let pinged = 0;
    const open = new Promise((resolve, reject) => {
      client.session.on("ping", () => {
        pinged += 1;
        if (pinged === 2) resolve(undefined); // asked again: its first answer counts
      });
      client.session.on("close", reject);
    });
    const silent = [await openRaw(later, quick.grpcPort), await openRaw(later, quick.grpcPort)];
    await silent[1]?.write(preface);
    await Promise.all(silent.map(({ closed }) => closed));
    await open;
    expect((await client.send(predict, framed(hello))).status).toBe(grpcCodes.OK);
  });
});
