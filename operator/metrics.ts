/** What the control loop says of itself; see docs/operator.md. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from "prom-client";
import type { ReviewOutcome } from "./admission/admission.ts";
import type { OutcomeCode } from "./outcome.ts";

export type Metrics = {
  reconciled(code: OutcomeCode, seconds: number): void;
  wrote(verb: string, kind: string): void;
  /** `code`: the HTTP status, or the code of the error without one. */
  asked(request: { verb: string; kind: string; code: string; seconds: number }): void;
  listed(kind: string): void;
  watchFailed(kind: string): void;
  reviewed(outcome: ReviewOutcome): void;
  leads(isLeader: boolean): void;
};

/** What is asked for when somebody looks. */
export type Gauges = {
  /** Keys that wait for a worker. */
  readonly depth: () => number;
  /** How many deployments there are in each state. */
  readonly states: () => ReadonlyMap<string, number>;
  /** Whether `seldon-config` cannot be used. */
  readonly isFaulty: () => boolean;
};

/** A pass takes milliseconds when settled, and seconds behind a rate limit. */
const passBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];
const requestBuckets = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

export const makeMetrics = (registry: Registry, gauges: Gauges): Metrics => {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  addGauges(registry, gauges);
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter<Label>({ name: `espalier_operator_${name}`, help, labelNames, registers });
  const reconciles = counter("reconciles_total", "Passes over deployments, by outcome.", ["code"]);
  const seconds = new Histogram({
    name: "espalier_operator_reconcile_seconds",
    help: "Time a pass takes.",
    buckets: passBuckets,
    registers,
  });
  const writes = counter("writes_total", "Objects created, updated and deleted, by kind.", [
    "verb",
    "kind",
  ]);
  const requests = counter("api_requests_total", "Requests to the API server.", [
    "verb",
    "kind",
    "code",
  ]);
  const requestSeconds = new Histogram({
    name: "espalier_operator_api_request_seconds",
    help: "Time until the API server has answered; of a watch, until it ends.",
    labelNames: ["verb"],
    buckets: requestBuckets,
    registers,
  });
  const lists = counter("watch_lists_total", "Times that all objects of a kind were listed.", [
    "kind",
  ]);
  const failures = counter("watch_failures_total", "Times that a watch could not list or watch.", [
    "kind",
  ]);
  const reviews = counter("reviews_total", "Answers of the webhook.", ["outcome"]);
  const leader = new Gauge({
    name: "espalier_operator_leader",
    help: "1 while this process changes the cluster.",
    registers,
  });
  return {
    reconciled: (code, took) => {
      reconciles.inc({ code });
      seconds.observe(took);
    },
    wrote: (verb, kind) => writes.inc({ verb, kind }),
    asked: ({ verb, kind, code, seconds: took }) => {
      requests.inc({ verb, kind, code });
      requestSeconds.observe({ verb }, took);
    },
    listed: (kind) => lists.inc({ kind }),
    watchFailed: (kind) => failures.inc({ kind }),
    reviewed: (outcome) => reviews.inc({ outcome }),
    leads: (isLeader) => leader.set(isLeader ? 1 : 0),
  };
};

const addGauges = (registry: Registry, { depth, states, isFaulty }: Gauges): void => {
  const registers = [registry];
  new Gauge({
    name: "espalier_operator_queue_depth",
    help: "Deployments that wait for a pass.",
    registers,
    collect() {
      this.set(depth());
    },
  });
  new Gauge({
    name: "espalier_operator_deployments",
    help: "Deployments by the state in their status.",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      for (const [state, count] of states()) this.set({ state }, count);
    },
  });
  new Gauge({
    name: "espalier_operator_settings_faulty",
    help: "1 while seldon-config cannot be used.",
    registers,
    collect() {
      this.set(isFaulty() ? 1 : 0);
    },
  });
};
