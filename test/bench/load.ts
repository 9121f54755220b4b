/**
 * The load generator, a process of its own. A closed loop sends a request on every answer; at a
 * fixed rate every request has its time, and its latency counts from then, so that a stall of the
 * tested process shows in all requests that had to wait for it.
 */
import { Worker } from "node:worker_threads";
import { messageOf, protoMessageOf } from "./bodies.ts";
import { paths } from "./cases.ts";
import { type Client, makeClient, type Verdict } from "./client.ts";
import { makeGrpcClients } from "./h2/client.ts";
import { framed } from "./h2/grpc.ts";
import { makeHistogram } from "./histogram.ts";
import type { Failures, FromLoader, Job, Outcome, Ticks, ToLoader } from "./messages.ts";

/** The connections to a port, kept from one job to the next; all jobs at a port send the same request. */
type Pool = { clients: readonly Client[]; answered: Answered };
type Answered = (client: Client, verdict: Verdict) => void;

const pools = new Map<number, Pool>();
const stop = new Int32Array(new SharedArrayBuffer(4));
const ticker = new Worker(new URL("ticker.ts", import.meta.url), { workerData: { stop } });

/** Small requests leave as one string, large ones as one buffer: one write each. */
const requestOf = ({ port, requestBytes }: Job): string | Buffer => {
  const head = `POST ${paths.rest} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench/1\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: ${requestBytes}\r\n\r\n`;
  const text = head + messageOf(requestBytes);
  return text.length > 16_384 ? Buffer.from(text) : text;
};

const ignore: Answered = () => {};

/** The clients of one connection. */
const connect = async (job: Job, onAnswer: Answered): Promise<readonly Client[]> => {
  const { port, answerBytes, streams } = job;
  if (job.transport === "rest") {
    return [await makeClient({ port, request: requestOf(job), answerBytes, onAnswer })];
  }
  const message = framed(protoMessageOf(job.requestBytes));
  return makeGrpcClients({ port, path: paths.grpc, message, streams, answerBytes, onAnswer });
};

/** Sees to it that a job's connections are open; if one is not any more, all are opened anew. */
const open = async (job: Job): Promise<Pool> => {
  const pool = pools.get(job.port) ?? { clients: [], answered: ignore };
  pools.set(job.port, pool);
  if (pool.clients.length > 0 && pool.clients.every((client) => client.usable())) return pool;
  for (const client of pool.clients) client.close();
  const answered: Answered = (client, verdict) => pool.answered(client, verdict);
  const opened = Array.from({ length: job.connections }, () => connect(job, answered));
  pool.clients = (await Promise.all(opened)).flat();
  return pool;
};

const run = async (job: Job): Promise<Outcome> => {
  const pool = await open(job);
  const latency = makeHistogram();
  const lateness = makeHistogram();
  const failures = { status: 0, length: 0, connection: 0 };
  const idle = [...pool.clients];
  const sentAt = new Map<Client, number>();
  const intervalMs = job.perSecond > 0 ? 1000 / job.perSecond : 0;
  const started = performance.now();
  let sent = 0;
  let done = 0;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  let cut = false;

  const due = (now: number): number => {
    if (cut) return sent;
    if (intervalMs === 0) return job.requests;
    return Math.min(job.requests, Math.floor((now - started) / intervalMs) + 1);
  };

  /** Sends what is due on the connections that are free. */
  const pump = (): void => {
    const now = performance.now();
    const until = due(now);
    while (sent < until) {
      const client = idle.pop();
      if (client === undefined) return;
      const at = intervalMs === 0 ? now : started + sent * intervalMs;
      if (intervalMs > 0) lateness.record((now - at) * 1000);
      sentAt.set(client, at);
      sent += 1;
      client.send();
    }
  };

  pool.answered = (client, verdict) => {
    done += 1;
    if (verdict === "ok") {
      latency.record((performance.now() - (sentAt.get(client) ?? started)) * 1000);
      idle.push(client);
    } else {
      failures[verdict] += 1;
    }
    const alive = pool.clients.length - failures.status - failures.length - failures.connection;
    if (done === job.requests || alive === 0 || (cut && done === sent)) finish();
    else pump();
  };

  /** Nothing more is sent; what is under way may still be answered. */
  let limit = setTimeout(() => {
    cut = true;
    if (done === sent) finish();
    else limit = setTimeout(() => finish(), graceMs);
  }, job.limitMs);
  if (intervalMs > 0) tick(ticksFor(job.requests, intervalMs), pump);
  pump();
  await finished;
  const seconds = (performance.now() - started) / 1000;
  clearTimeout(limit);
  stopTicks();
  pool.answered = ignore;
  if (done < sent) for (const client of pool.clients) client.close();
  return {
    done,
    seconds,
    failures: { ...failures, missing: sent - done } satisfies Failures,
    latency: latency.pack(),
    lateness: lateness.pack(),
  };
};

/** For answers that are under way when a run is cut. */
const graceMs = 10_000;

/** Requests that are due within less than this leave together: a wake-up costs as much as a request. */
const leastTickMs = 0.1;

const ticksFor = (requests: number, intervalMs: number): Omit<Ticks, "startMs"> => {
  const tickMs = Math.max(intervalMs, leastTickMs);
  return { intervalMs: tickMs, count: Math.ceil((requests * intervalMs) / tickMs) + 1 };
};

const tick = (ticks: Omit<Ticks, "startMs">, pump: () => void): void => {
  Atomics.store(stop, 0, 0);
  const startMs = Number(process.hrtime.bigint()) / 1e6;
  ticker.on("message", pump);
  ticker.postMessage({ ...ticks, startMs } satisfies Ticks);
};

const stopTicks = (): void => {
  Atomics.store(stop, 0, 1);
  Atomics.notify(stop, 0);
  ticker.removeAllListeners("message");
};

const tell = (message: FromLoader): void => {
  process.send?.(message);
};

const obey = async ({ kind, job }: ToLoader): Promise<FromLoader> => {
  switch (kind) {
    case "open":
      await open(job);
      return { kind: "opened" };
    case "run":
      return { kind: "ran", outcome: await run(job) };
    case "close":
      for (const client of pools.get(job.port)?.clients ?? []) client.close();
      pools.delete(job.port);
      return { kind: "closed" };
  }
};

process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {}); // Ctrl-C is for the bench, which then ends this process
process.on("message", (message) => {
  obey(message as ToLoader).then(tell, (error) => tell({ kind: "failed", why: String(error) })); // only the bench writes here
});
