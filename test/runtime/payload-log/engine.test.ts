/** The payload log inside a running engine, over REST and gRPC, on real sockets. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "@jest/globals";
import { encodePlan, type UnitSource } from "../../../api/plan.ts";
import { type EngineProcess, startEngine } from "../../../runtime/main.ts";
import { type GrpcServer, listenGrpc } from "../../../runtime/server/grpc.ts";
import type { UnaryHandler } from "../../../runtime/server/grpc-call.ts";
import { type Answer, accept, type Host, hang, openHost } from "./fixture.ts";

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

const open = async (answer: Answer = accept): Promise<Host> => {
  const host = await openHost(answer);
  toClose.push(host.close);
  return host;
};

/** A container that gives back what it gets, over REST and gRPC. */
const openModel = async (): Promise<{ httpPort: number; grpcPort: number }> => {
  const http = createServer((request, response) => {
    response.writeHead(200, { "content-type": request.headers["content-type"] ?? "" });
    request.pipe(response);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  toClose.push(() => http.close());
  const echo: UnaryHandler = ({ body }, done) => done(undefined, { body });
  const grpc: GrpcServer = await listenGrpc({
    port: 0,
    maxConnections: 100,
    maxMessageBytes: 1_000_000,
    unary: new Map([
      ["/seldon.protos.Model/Predict", echo],
      ["/seldon.protos.Model/SendFeedback", echo],
    ]),
    serverStreams: new Map(),
    duplexStreams: new Map(),
  });
  toClose.push(() => grpc.close());
  return { httpPort: (http.address() as AddressInfo).port, grpcPort: grpc.port }; // TCP
};

type Running = EngineProcess & { stopOnce(): Promise<number> };

/** An engine with one model, called `m`, that is logged at `url`. */
const startWith = async (
  url: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Running> => {
  const { httpPort, grpcPort } = await openModel();
  const graph: UnitSource = {
    name: "m",
    type: "MODEL",
    endpoint: { service_host: "127.0.0.1", service_port: httpPort, httpPort, grpcPort },
    logger: { mode: "all", url },
  };
  const started = await startEngine(
    [
      ...["--sdep", "dep", "--namespace", "ns", "--predictor", "p", "--hostname", "here"],
      ...["--http_port", "0", "--grpc_port", "0", "--log_level", "FATAL", ...args],
    ],
    { ...env, ENGINE_PREDICTOR: encodePlan({ name: "p", graph }) },
  );
  if (!started.ok) throw new Error(started.faults.join("\n"));
  let stopped: Promise<number> | undefined;
  const stopOnce = (): Promise<number> => {
    stopped ??= started.process.stop();
    return stopped;
  };
  toClose.push(stopOnce);
  return { ...started.process, stopOnce };
};

const overRest = async (
  engine: Running,
  action: "predictions" | "feedback",
  headers: readonly [string, string][] = [],
): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${engine.httpPort}/api/v1.0/${action}`, {
    method: "POST",
    headers: [["Content-Type", "application/json"], ["Connection", "close"], ...headers],
    body: '{"strData":"x"}',
  });
  await response.arrayBuffer();
  return response.status;
};

/** SeldonMessage {strData: "x"}. Source: engine contract, 4.2. */
const message = Buffer.from([0x2a, 1, 0x78]);
/** Feedback {reward: 1}. */
const reward = Buffer.from([0x1d, 0, 0, 0x80, 0x3f]);

const overGrpc = async (
  engine: Running,
  method: "Predict" | "SendFeedback",
  metadata: Readonly<Record<string, string>> = {},
): Promise<Buffer> => {
  const client = new Client(`127.0.0.1:${engine.grpcPort}`, credentials.createInsecure());
  const sent = new Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  const same = (bytes: Buffer): Buffer => bytes;
  const body = method === "Predict" ? message : reward;
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(
        `/seldon.protos.Seldon/${method}`,
        same,
        same,
        body,
        sent,
        (error, answer) => (error === null && answer ? resolve(answer) : reject(error)),
      );
    });
  } finally {
    client.close();
  }
};

const seen = ({ received }: Host) =>
  received
    .map(({ headers, body }) => [
      String(headers["ce-type"]).split(".").at(-1),
      headers["ce-requestid"],
      headers["content-type"],
      body.toString("hex"),
    ])
    .toSorted();

describe("startEngine with a logged unit", () => {
  it("logs predictions and feedback over REST", async () => {
    const sink = await open();
    const engine = await startWith(sink.url);
    await overRest(engine, "predictions", [["Seldon-Puid", "a"]]);
    await overRest(engine, "feedback", [["Seldon-Puid", "b"]]);
    await engine.stopOnce();
    const body = Buffer.from('{"strData":"x"}').toString("hex");
    expect(seen(sink)).toEqual([
      ["feedback", "b", "application/json", body],
      ["request", "a", "application/json", body],
      ["response", "a", "application/json", body],
    ]);
    expect(sink.received[0]?.headers).toMatchObject({
      "ce-inferenceservicename": "dep",
      "ce-namespace": "ns",
      "ce-endpoint": "p",
      "ce-modelid": "m",
      "ce-protocol": "seldon",
      "ce-source": "http://here:0/",
    });
  });

  it("logs predictions and feedback over gRPC", async () => {
    const sink = await open();
    const engine = await startWith(sink.url);
    await overGrpc(engine, "Predict", { "seldon-puid": "a" });
    await overGrpc(engine, "SendFeedback", { "seldon-puid": "b" });
    await engine.stopOnce();
    expect(seen(sink)).toEqual([
      ["feedback", "b", "application/protobuf", reward.toString("hex")],
      ["request", "a", "application/protobuf", message.toString("hex")],
      ["response", "a", "application/protobuf", message.toString("hex")],
    ]);
  });

  it.each([
    { value: "true", events: 0 },
    { value: "On", events: 0 },
    { value: "1", events: 0 },
    { value: "no, TRUE", events: 0 },
    { value: "false", events: 2 },
    { value: "yes", events: 2 },
    { value: "11", events: 2 },
    { value: "", events: 2 },
  ])("makes $events events when Seldon-Skip-Logging is $value", async ({ value, events }) => {
    const sink = await open();
    const engine = await startWith(sink.url);
    await overRest(engine, "predictions", [["seldon-skip-LOGGING", value]]);
    await overGrpc(engine, "Predict", { "Seldon-Skip-Logging": value });
    await engine.stopOnce();
    expect(sink.received).toHaveLength(2 * events);
  });

  it("takes any of several Seldon-Skip-Logging headers", async () => {
    const sink = await open();
    const engine = await startWith(sink.url);
    const several: readonly [string, string][] = ["false", "true", "no"].map((value) => [
      "Seldon-Skip-Logging",
      value,
    ]);
    await overRest(engine, "predictions", several);
    await engine.stopOnce();
    expect(sink.received).toHaveLength(0);
  });

  it("logs at REQUEST_LOGGER_DEFAULT_ENDPOINT where a unit has no URL", async () => {
    const sink = await open();
    const engine = await startWith("", [], {
      REQUEST_LOGGER_DEFAULT_ENDPOINT: `${sink.url}/default`,
    });
    await overRest(engine, "predictions");
    await engine.stopOnce();
    expect(sink.received.map(({ path }) => path)).toEqual(["/default", "/default"]);
  });

  it("answers while the sink hangs, and ends without it", async () => {
    const sink = await open(hang);
    const flags = ["--logger_workers=2", "--log_work_buffer_size=5", "--graceful_timeout=3s"];
    flags.push("--log_write_timeout_ms=600000");
    const engine = await startWith(sink.url, flags);
    const answers = Array.from({ length: 40 }, () => overRest(engine, "predictions"));
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
    await overGrpc(engine, "Predict");
    const scrape = await fetch(`http://127.0.0.1:${engine.httpPort}/metrics`, {
      headers: { Connection: "close" },
    });
    const text = await scrape.text();
    // 82 events: 2 are being sent, 5 are queued, 5 wait for a place.
    expect(text).toContain('espalier_payload_log_events_total{result="sent"} 0');
    expect(text).toContain('espalier_payload_log_events_total{result="dropped"} 70');
    expect(await engine.stopOnce()).toBe(0);
    expect(sink.received).toHaveLength(2);
  });

  it("answers while there is no sink", async () => {
    const gone = await openHost();
    await gone.close();
    const engine = await startWith(gone.url);
    const answers = Array.from({ length: 10 }, () => overRest(engine, "predictions"));
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
    expect(await engine.stopOnce()).toBe(0);
  });

  it.each(["--logger_workers=0", "--log_work_buffer_bytes=0", "--log_work_buffer_size=-1"])(
    "refuses %s",
    async (flag) => {
      const base = ["--sdep", "d", "--namespace", "n", "--predictor", "p"];
      const started = await startEngine([...base, flag], {});
      expect(started).toMatchObject({ ok: false, exitCode: 1 });
      expect(started.ok ? [] : started.faults).toEqual([
        expect.stringContaining(flag.split("=")[0] ?? ""),
      ]);
    },
  );
});
