/**
 * The first process of an engine of several: it opens the ports, hands connections on in turn,
 * and keeps as many processes serving as were asked for. It sees no request.
 *
 * Connections are handed on by node:cluster rather than by ports that are opened several times
 * (`reusePort`), because a port that one process closes would take the connections with it that
 * wait there (docs/decisions/0012-workers.md).
 */
import cluster, { type Worker } from "node:cluster";
import type { Logger } from "../../host/log.ts";
import { makeCollector } from "./collector.ts";
import type { FromWorker, Ports, Refusal, StopReason, ToWorker } from "./messages.ts";

export type PrimaryOptions = {
  readonly count: number;
  readonly log: Logger;
  /** How long a process may take to stop, from when it is told to. */
  readonly stopTimeoutMs: number;
};

export type Primary =
  | { readonly ok: true; readonly process: PrimaryProcess }
  | ({ readonly ok: false } & Refusal);

export type PrimaryProcess = Ports & {
  /** Puts a new process in the place of each, one after the other; each serves before the old one stops. */
  restart(): Promise<void>;
  /** Resolves with the exit code. */
  stop(): Promise<number>;
};

type Up = ({ readonly ok: true } & Ports) | ({ readonly ok: false } & Refusal);

type Slot = {
  worker: Worker;
  /** When it was started, in milliseconds of `performance.now()`. */
  since: number;
  /** How long to wait before the next one is started. */
  backoffMs: number;
  /** It was told to stop, or is being replaced. */
  expected: boolean;
};

const shortestBackoffMs = 100;
const longestBackoffMs = 10_000;
/** One that has served so long has not failed by its start. */
const steadyMs = 30_000;

export const startPrimary = async (options: PrimaryOptions): Promise<Primary> => {
  const { count, log } = options;
  cluster.setupPrimary({ serialization: "advanced" }); // NaN and infinities are numbers of metrics too
  const collector = makeCollector(() =>
    Object.values(cluster.workers ?? {}).filter((one) => one !== undefined),
  );
  const begin = (): { readonly worker: Worker; readonly up: Promise<Up> } => {
    const worker = cluster.fork();
    worker.on("message", (message: FromWorker) => collector.take(worker, message));
    worker.on("disconnect", () => collector.leave(worker));
    worker.on("error", () => {}); // what is said to one that is ending; "exit" follows
    return { worker, up: upOf(worker) };
  };
  const begun = Array.from({ length: count }, begin);
  const ups = await Promise.all(begun.map(({ up }) => up));
  const bad = ups.find((up) => !up.ok);
  const [first] = ups;
  if (bad !== undefined && !bad.ok) {
    await Promise.all(begun.map(({ worker }) => end(worker, options.stopTimeoutMs)));
    return bad;
  }
  if (!first?.ok) return { ok: false, faults: ["no process was started"], exitCode: 1 };
  const slots = begun.map(({ worker }): Slot => ({ worker, ...fresh() }));
  const { httpPort, grpcPort } = first;
  log.info({ workers: count, httpPort, grpcPort }, "engine of several processes started");
  return {
    ok: true,
    process: { httpPort, grpcPort, ...keep(slots, begin, options) },
  };
};

const fresh = (): Omit<Slot, "worker"> => ({
  since: performance.now(),
  backoffMs: shortestBackoffMs,
  expected: false,
});

const keep = (
  slots: readonly Slot[],
  begin: () => { readonly worker: Worker; readonly up: Promise<Up> },
  { log, stopTimeoutMs }: PrimaryOptions,
): Pick<PrimaryProcess, "restart" | "stop"> => {
  let stopping = false;
  let restarting: Promise<void> = Promise.resolve();
  const codes: number[] = [];

  const watch = (slot: Slot): void => {
    const { worker } = slot;
    worker.once("exit", (code, signal) => {
      if (stopping || slot.worker !== worker || slot.expected) return;
      const lived = performance.now() - slot.since;
      const waitMs = lived > steadyMs ? shortestBackoffMs : slot.backoffMs;
      log.error(
        { worker: worker.id, code, signal, waitMs },
        "process of the engine ended; another is started",
      );
      slot.backoffMs = Math.min(longestBackoffMs, waitMs * 2);
      setTimeout(() => {
        if (!stopping) put(slot, begin().worker);
      }, waitMs);
    });
  };

  const put = (slot: Slot, worker: Worker): void => {
    slot.worker = worker;
    slot.since = performance.now();
    slot.expected = false;
    watch(slot);
  };

  const replace = async (slot: Slot): Promise<void> => {
    if (stopping) return;
    const { worker, up } = begin();
    const ready = await up;
    if (!ready.ok) {
      log.error(
        { faults: ready.faults },
        "new process of the engine does not start; the old one stays",
      );
      return;
    }
    const old = slot.worker;
    slot.expected = true;
    put(slot, worker);
    await end(old, stopTimeoutMs, "replaced");
    log.info({ worker: worker.id, replaced: old.id }, "process of the engine replaced");
  };

  for (const slot of slots) watch(slot);
  return {
    restart: () => {
      restarting = restarting.then(async () => {
        for (const slot of slots) await replace(slot);
      });
      return restarting;
    },
    stop: async () => {
      stopping = true;
      log.info({ workers: slots.length }, "engine of several processes stopping");
      const all = Object.values(cluster.workers ?? {}).filter((one) => one !== undefined);
      codes.push(
        ...(await Promise.all(all.map((worker) => end(worker, stopTimeoutMs, "shutdown")))),
      );
      return Math.max(0, ...codes);
    },
  };
};

/** Tells a process to stop, and ends it if it does not. Resolves with its exit code; 1 if it had to be ended. */
const end = (worker: Worker, timeoutMs: number, why: StopReason = "replaced"): Promise<number> =>
  new Promise((resolve) => {
    if (worker.isDead()) {
      resolve(worker.process.exitCode ?? 1);
      return;
    }
    const timer = setTimeout(() => worker.process.kill("SIGKILL"), timeoutMs);
    worker.once("exit", (code: number | null) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
    if (worker.isConnected()) worker.send({ is: "stop", why } satisfies ToWorker);
    else worker.process.kill("SIGTERM");
  });

const upOf = (worker: Worker): Promise<Up> =>
  new Promise((resolve) => {
    worker.on("message", (message: FromWorker) => {
      if (message.is === "started") {
        resolve({ ok: true, httpPort: message.httpPort, grpcPort: message.grpcPort });
      } else if (message.is === "refused") {
        resolve({ ok: false, faults: message.faults, exitCode: message.exitCode });
      }
    });
    worker.once("exit", (code: number | null, signal: string | null) => {
      const faults = [`a process ended before it served (${signal ?? `exit code ${code}`})`];
      resolve({ ok: false, faults, exitCode: code || 1 });
    });
  });
