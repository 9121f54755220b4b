/**
 * Wires changes of the cluster to passes: keys flow in, the queue makes them few, each pass ends in
 * an outcome that is logged and counted. What goes wrong with one deployment stops no other.
 */
import type { Logger } from "../host/log.ts";
import type { Clock } from "./cluster/clock.ts";
import { ClusterError } from "./cluster/cluster.ts";
import { againAfter, type Key, type Outcome, type OutcomeCode } from "./outcome.ts";
import { type Again, makeQueue } from "./queue.ts";

export type ControllerOptions = {
  readonly reconcile: (key: Key) => Promise<Outcome>;
  readonly workers: number;
  readonly clock: Clock;
  /** A number from 0 to 1. */
  readonly random: () => number;
  readonly log: Logger;
  readonly reconciled: (code: OutcomeCode, seconds: number) => void;
};

export type Controller = {
  /** A deployment is worth a look. Before `start` it is enough to take note. */
  changed(namespace: string, name: string): void;
  /** Begins to work: on these, and on what changes from now on. */
  start(keys: readonly Key[]): void;
  depth(): number;
  /** How many deployments there are in each state. */
  states(): ReadonlyMap<string, number>;
  /** Takes up nothing more; resolves when what is in work is done. */
  stop(): Promise<void>;
};

/** How long a deployment is left alone in which nothing changes. Source: operator contract, 8.1. */
const resyncMs = 10 * 3_600_000;

export const makeController = (options: ControllerOptions): Controller => {
  const { reconcile, clock, random, log, reconciled } = options;
  const states = new Map<string, string>();
  let isStarted = false;

  const work = async (name: string): Promise<Again> => {
    const begunMs = clock.elapsed();
    const outcome = await attempt(() => reconcile(keyOf(name)), { log, name });
    const seconds = (clock.elapsed() - begunMs) / 1000;
    reconciled(outcome.code, seconds);
    log.debug({ deployment: name, code: outcome.code, seconds }, "pass");
    if (outcome.state !== undefined) states.set(name, outcome.state);
    else if (isNotOurs.has(outcome.code)) states.delete(name);
    // Not all at once, whenever they began.
    return againAfter(outcome, resyncMs * (0.9 + random() / 5));
  };

  const queue = makeQueue({ work, workers: options.workers, clock, random });
  return {
    changed: (namespace, name) => {
      if (isStarted) queue.add(`${namespace}/${name}`);
    },
    start: (keys) => {
      isStarted = true;
      for (const { namespace, name } of keys) queue.add(`${namespace}/${name}`);
    },
    depth: queue.depth,
    states: () => countsOf(states.values()),
    stop: queue.stop,
  };
};

const isNotOurs: ReadonlySet<OutcomeCode> = new Set(["GONE", "FOREIGN"]);

const keyOf = (name: string): Key => {
  const slash = name.indexOf("/");
  return { namespace: name.slice(0, slash), name: name.slice(slash + 1) };
};

const countsOf = (words: Iterable<string>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};

type Attempted = { readonly log: Logger; readonly name: string };

/** An error is an outcome too. */
const attempt = async (
  pass: () => Promise<Outcome>,
  { log, name }: Attempted,
): Promise<Outcome> => {
  try {
    return await pass();
  } catch (error) {
    const code = codeOf(error);
    if (code === "ERROR") log.error({ deployment: name, err: error }, "pass failed");
    else if (code === "UNAVAILABLE") {
      log.warn({ deployment: name, reason: String(error) }, "pass was cut short");
    } else log.debug({ deployment: name, reason: String(error) }, "pass was cut short");
    return { code };
  }
};

const codeOf = (error: unknown): OutcomeCode => {
  if (!(error instanceof ClusterError)) return "ERROR";
  switch (error.code) {
    case "CONFLICT":
    case "EXISTS":
      return "CONFLICT";
    case "NAMESPACE_TERMINATING":
      return "TERMINATING";
    case "UNAVAILABLE":
      return "UNAVAILABLE";
    // Of a status alone: of an object they are told in the status.
    case "NOT_FOUND":
      return "GONE";
    case "FORBIDDEN":
    case "INVALID":
      return "ERROR";
  }
};
