import { readFileSync } from "node:fs";
import type { Issue } from "../api/result.ts";
import { type Logger, makeLog } from "../host/log.ts";
import { parseAnnotations } from "../runtime/annotations.ts";
import { readConfig } from "../runtime/component/config.ts";
import { readFlags, usage } from "../runtime/component/flags.ts";
import type { Running } from "../runtime/component/listen.ts";
import { serve } from "../runtime/component/serve.ts";

/** How long requests in work may take to end after the first signal; a second one ends them at once. */
const drainMs = 30_000;
/** How long clients that keep REST connections may take to hear that they have to go. */
const partingMs = 2000;

/**
 * `espalier serve MODULE`: serves until a signal comes.
 *
 * Exit code 0 after a signal, 1 when the model cannot be served or breaks down, 2 for a wrong
 * command line.
 */
export const main = async (argv: readonly string[]): Promise<number> => {
  const flags = readFlags(argv);
  report("warning: ", flags.warnings);
  if (!flags.ok) {
    report("", flags.issues);
    process.stderr.write(`"espalier serve --help" shows how it is used\n`);
    return 2;
  }
  if (flags.value === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const config = readConfig(flags.value, process.env, readAnnotations());
  report("warning: ", config.warnings);
  if (!config.ok) {
    report("", config.issues);
    return 1;
  }
  const log = makeLog(config.value.logLevel);
  const ending = watchProcess(log);
  const { module } = config.value;
  process.on("beforeExit", leaveUnloaded(module));
  const started = await Promise.race([
    serve({ config: config.value, folder: process.cwd(), log }),
    ending,
  ]);
  // from here on a user's class may have timers and connections, so leaving is said aloud
  if (typeof started === "number") return process.exit(started);
  report("warning: ", started.warnings);
  if (!started.ok) {
    report("", started.issues);
    return process.exit(1);
  }
  const { httpPort, grpcPort, metricsPort } = started.value;
  log.info({ module, httpPort, grpcPort, metricsPort }, "serving");
  const code = await ending;
  await stop(started.value, log);
  return process.exit(code);
};

/** Where the kubelet writes the pod's annotations. Source: engine contract, 1.5. */
const podAnnotations = "/etc/podinfo/annotations";

const readAnnotations = (): ReadonlyMap<string, string> => {
  try {
    const path = process.env["ESPALIER_PODINFO_ANNOTATIONS"] || podAnnotations;
    return parseAnnotations(readFileSync(path, "utf8"));
  } catch {
    return new Map(); // outside a pod there is no such file
  }
};

const report = (word: string, issues: readonly Issue[]): void => {
  for (const { path, message } of issues) {
    process.stderr.write(`espalier serve: ${word}${path}: ${message}\n`);
  }
};

/** Node has nothing left to do, and the model is not loaded: it waits for something that will never come. */
const leaveUnloaded = (module: string) => (): never => {
  report("", [
    {
      path: module,
      message: "never finished loading: its file or its load() awaits what nothing is at work on",
    },
  ]);
  return process.exit(1);
};

/**
 * Resolves with the exit code when the process has to end.
 *
 * A promise that nobody caught belongs to one request or to the background of a class: it is logged
 * and serving goes on. After an exception that nobody caught, nothing can be relied on.
 */
const watchProcess = (log: Logger): Promise<number> =>
  new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(0));
    process.on("unhandledRejection", (reason) => {
      log.error({ err: reason }, "a promise of the model was rejected and nobody caught it");
    });
    process.on("uncaughtException", (error) => {
      log.fatal({ err: error }, "the model threw outside of any request: it cannot be relied on");
      resolve(1);
    });
  });

/** Lets requests in work end, for as long as `drainMs` or until a second signal. */
const stop = async (running: Running, log: Logger): Promise<void> => {
  log.info({}, "stopping");
  const cutOff = new Promise<void>((resolve) => {
    setTimeout(resolve, drainMs).unref();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
  await Promise.race([running.drain(partingMs), cutOff]);
  running.close();
  log.info({}, "stopped");
};
