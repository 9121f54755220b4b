/** What an engine is asked while it is soaked: probes without end, and some of everything else. */
import { once } from "node:events";
import { type IncomingMessage, request as open } from "node:http";
import { Client, credentials } from "@grpc/grpc-js";
import type { EngineProcess } from "../contract/engine-process.ts";
import { encode } from "../runtime/protocol/messages.ts";
import { request } from "./containers.ts";

export type Traffic = {
  readonly counts: { probes: number; requests: number; failed: number };
  /** What went wrong, each kind once. */
  readonly failures: ReadonlySet<string>;
  /** Asks no more, and resolves when all is answered. */
  stop(): Promise<void>;
};

const probeMs = 20;
/** More at once means that the engine does not keep up. */
const mostAtOnce = 200;
const timeoutMs = 10_000;

const same = (bytes: Buffer): Buffer => bytes;
const nothing = Buffer.alloc(0);
const feedback = encode("seldon.protos.Feedback", { reward: 1 });

type Outcome = { readonly status: number; readonly why: string };

/** On a connection of its own, as a kubelet asks. */
const ask = async (port: number, path: string, body?: string): Promise<Outcome> => {
  const asked = open({
    host: "127.0.0.1",
    port,
    path,
    agent: false,
    timeout: timeoutMs,
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json" },
  });
  asked.on("timeout", () => asked.destroy());
  asked.end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage]; // as node:http says
  let text = "";
  for await (const part of answer) text += part;
  return { status: answer.statusCode ?? 0, why: text.slice(0, 300) };
};

const connect = (port: number): Client =>
  new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });

/** `leave` gives the call up at once. */
const call = (client: Client, rpc: string, body: Buffer, leave = false): Promise<Outcome> =>
  new Promise((resolve) => {
    const deadline = Date.now() + timeoutMs;
    const sent = client.makeUnaryRequest(rpc, same, same, body, { deadline }, () => {});
    sent.on("status", ({ code, details }) => resolve({ status: code, why: details }));
    if (leave) setImmediate(() => sent.cancel());
  });

const predict = "/seldon.protos.Seldon/Predict";
const check = "/grpc.health.v1.Health/Check";

/** A client that comes, asks and goes. */
const visit = async (port: number): Promise<Outcome> => {
  const client = connect(port);
  try {
    const watched = client.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      same,
      same,
      nothing,
    );
    watched.on("error", () => {}); // it is cancelled
    await once(watched, "data");
    await call(client, predict, request.message, true);
    watched.cancel();
    return await call(client, predict, request.message);
  } finally {
    client.close();
  }
};

type Errand = {
  readonly name: string;
  readonly everyMs: number;
  readonly isProbe?: boolean;
  run(): Promise<Outcome>;
  readonly want: number;
};

const errandsOf = ({ httpPort, grpcPort }: EngineProcess, client: Client): readonly Errand[] => [
  {
    name: "GET /ready",
    everyMs: probeMs,
    isProbe: true,
    run: () => ask(httpPort, "/ready"),
    want: 200,
  },
  {
    name: "Health/Check",
    everyMs: probeMs,
    isProbe: true,
    run: () => call(client, check, nothing),
    want: 0,
  },
  {
    name: "POST predictions",
    everyMs: 100,
    run: () => ask(httpPort, "/api/v1.0/predictions", request.json),
    want: 200,
  },
  { name: "Predict", everyMs: 100, run: () => call(client, predict, request.message), want: 0 },
  {
    name: "POST feedback",
    everyMs: 1000,
    run: () => ask(httpPort, "/api/v1.0/feedback", '{"reward":1}'),
    want: 200,
  },
  {
    name: "SendFeedback",
    everyMs: 1000,
    run: () => call(client, "/seldon.protos.Seldon/SendFeedback", feedback),
    want: 0,
  },
  { name: "GET /nothing", everyMs: 1000, run: () => ask(httpPort, "/nothing"), want: 404 },
  {
    name: "ModelMetadata of nothing",
    everyMs: 1000,
    run: () => call(client, "/seldon.protos.Seldon/ModelMetadata", nothing),
    want: 2,
  },
  { name: "a visit", everyMs: 1000, run: () => visit(grpcPort), want: 0 },
];

export const startTraffic = (engine: EngineProcess): Traffic => {
  const client = connect(engine.grpcPort);
  const counts = { probes: 0, requests: 0, failed: 0 };
  const failures = new Set<string>();
  const atWork = new Set<Promise<void>>();
  const fail = (what: string): void => {
    counts.failed += 1;
    failures.add(what);
  };
  const go = async ({ name, run, want, isProbe }: Errand): Promise<void> => {
    try {
      const { status, why } = await run();
      if (status !== want) fail(`${name}: ${status} instead of ${want}: ${why}`);
    } catch (error) {
      fail(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    counts[isProbe === true ? "probes" : "requests"] += 1;
  };
  const timers = errandsOf(engine, client).map((errand) =>
    setInterval(() => {
      if (atWork.size >= mostAtOnce) {
        fail(`${errand.name}: ${mostAtOnce} are waiting for an answer`);
        return;
      }
      const work = go(errand).finally(() => atWork.delete(work));
      atWork.add(work);
    }, errand.everyMs),
  );
  return {
    counts,
    failures,
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(atWork);
      client.close();
    },
  };
};
