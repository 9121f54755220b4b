import { Writable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { Registry } from "prom-client";
import { startAdmin } from "../../host/admin.ts";
import { makeLog } from "../../host/log.ts";
import { systemClock } from "../../operator/cluster/clock.ts";
import { ClusterError, type ClusterErrorCode } from "../../operator/cluster/cluster.ts";
import { makeController } from "../../operator/controller.ts";
import { makeMetrics } from "../../operator/metrics.ts";
import {
  againAfter,
  type Outcome,
  type OutcomeCode,
  outcomeCodes,
} from "../../operator/outcome.ts";

const makeLines = () => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, log: makeLog("INFO", stream) };
};

/** A controller whose passes come to these outcomes, one after another. */
const makeBench = (...outcomes: (Outcome | Error)[]) => {
  const { lines, log } = makeLines();
  const codes: OutcomeCode[] = [];
  const seen: string[] = [];
  let told = (): void => {};
  const controller = makeController({
    reconcile: async ({ namespace, name }) => {
      seen.push(`${namespace} ${name}`);
      const outcome = outcomes.shift() ?? { code: "SETTLED", state: "Available" };
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    workers: 1,
    clock: systemClock,
    random: () => 0,
    log,
    reconciled: (code) => {
      codes.push(code);
      told();
    },
  });
  const passes = (count: number): Promise<void> =>
    new Promise((resolve) => {
      told = () => {
        if (codes.length >= count) resolve();
      };
      told();
    });
  return { controller, codes, seen, lines, passes };
};

describe("makeController", () => {
  it("begins when it is told to, with what there is", async () => {
    const { controller, seen, passes } = makeBench();
    controller.changed("a", "early");
    controller.start([{ namespace: "a", name: "one" }]);
    controller.changed("a", "two");
    await passes(2);
    expect(seen).toEqual(["a one", "a two"]);
    expect(controller.depth()).toBe(0);
    await controller.stop();
  });

  it("counts deployments by state, while they are there", async () => {
    const { controller, passes } = makeBench({ code: "SETTLED", state: "Available" });
    controller.start([{ namespace: "a", name: "one" }]);
    await passes(1);
    expect([...controller.states()]).toEqual([["Available", 1]]);
    await controller.stop();
    const other = makeBench({ code: "FAULTY", state: "Failed" }, { code: "GONE" });
    other.controller.start([{ namespace: "a", name: "one" }]);
    await other.passes(2);
    expect([...other.controller.states()]).toEqual([]);
    await other.controller.stop();
  });

  it.each<{ code: ClusterErrorCode; outcome: OutcomeCode; lines: number }>([
    { code: "CONFLICT", outcome: "CONFLICT", lines: 0 },
    { code: "EXISTS", outcome: "CONFLICT", lines: 0 },
    { code: "UNAVAILABLE", outcome: "UNAVAILABLE", lines: 1 },
    { code: "NAMESPACE_TERMINATING", outcome: "TERMINATING", lines: 0 },
    { code: "NOT_FOUND", outcome: "GONE", lines: 0 },
    { code: "FORBIDDEN", outcome: "ERROR", lines: 1 },
  ])("makes $outcome of $code", async ({ code, outcome, lines }) => {
    const bench = makeBench(new ClusterError(code, "report", "no"));
    bench.controller.start([{ namespace: "a", name: "one" }]);
    await bench.passes(1);
    await bench.controller.stop();
    expect(bench.codes[0]).toBe(outcome);
    expect(bench.lines).toHaveLength(lines);
  });

  it("goes on with others when one breaks", async () => {
    const bench = makeBench(new TypeError("a slip"));
    bench.controller.start([
      { namespace: "a", name: "one" },
      { namespace: "a", name: "two" },
    ]);
    await bench.passes(3); // the first comes again
    await bench.controller.stop();
    expect([...bench.codes].sort()).toEqual(["ERROR", "SETTLED", "SETTLED"]);
    expect(bench.lines[0]).toContain("a slip");
  });
});

describe("againAfter", () => {
  it("has an answer for every outcome", () => {
    const answers = Object.keys(outcomeCodes).map((code) => [
      code,
      againAfter({ code: code as OutcomeCode }, 1).is, // a key of the table
    ]);
    expect(Object.fromEntries(answers)).toEqual({
      ...{ GONE: "never", DELETING: "never", TERMINATING: "never" },
      ...{ FOREIGN: "later", REJECTED: "later", PROGRESSING: "later", SETTLED: "later" },
      ...{ FAULTY: "backoff", WAITING: "backoff", CONFLICT: "backoff" },
      ...{ UNAVAILABLE: "backoff", ERROR: "backoff" },
    });
  });

  it("looks again when something is due before that", () => {
    const later = (againMs: number) => againAfter({ code: "SETTLED", againMs }, 10);
    expect(later(3)).toEqual({ is: "later", afterMs: 3 });
    expect(later(30)).toEqual({ is: "later", afterMs: 10 });
  });
});

describe("startAdmin, with the operator's metrics", () => {
  it("answers probes and scrapes", async () => {
    const registry = new Registry();
    const metrics = makeMetrics(registry, {
      depth: () => 3,
      states: () => new Map([["Available", 2]]),
      isFaulty: () => true,
    });
    metrics.reconciled("SETTLED", 0.1);
    metrics.wrote("Create", "Service");
    metrics.asked({ verb: "apply", kind: "Service", code: "200", seconds: 0.1 });
    metrics.listed("Service");
    metrics.watchFailed("Service");
    metrics.reviewed("refused");
    metrics.leads(true);
    let why: string | undefined = "caches are being filled";
    const admin = await startAdmin({
      host: "127.0.0.1",
      port: 0,
      metrics: async () => ({ type: registry.contentType, text: await registry.metrics() }),
      unready: () => why,
    });
    const ask = async (path: string, method = "GET") => {
      const answer = await fetch(`http://127.0.0.1:${admin.port}${path}`, { method });
      return { status: answer.status, text: await answer.text() };
    };
    expect(await ask("/live")).toEqual({ status: 200, text: "alive\n" });
    expect(await ask("/ready")).toEqual({ status: 503, text: "caches are being filled\n" });
    why = undefined;
    expect(await ask("/ready?verbose")).toEqual({ status: 200, text: "ready\n" });
    expect(await ask("/ready", "HEAD")).toEqual({ status: 200, text: "" });
    expect((await ask("/ready", "POST")).status).toBe(405);
    expect((await ask("/else")).status).toBe(404);
    const { text } = await ask("/metrics");
    for (const line of [
      'espalier_operator_reconciles_total{code="SETTLED"} 1',
      "espalier_operator_reconcile_seconds_count 1",
      'espalier_operator_writes_total{verb="Create",kind="Service"} 1',
      'espalier_operator_api_requests_total{verb="apply",kind="Service",code="200"} 1',
      'espalier_operator_watch_lists_total{kind="Service"} 1',
      'espalier_operator_watch_failures_total{kind="Service"} 1',
      'espalier_operator_reviews_total{outcome="refused"} 1',
      "espalier_operator_leader 1",
      "espalier_operator_queue_depth 3",
      'espalier_operator_deployments{state="Available"} 2',
      "espalier_operator_settings_faulty 1",
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    await admin.close();
  });

  it("says so when its port is taken, or a scrape fails", async () => {
    const options = {
      host: "127.0.0.1",
      port: 0,
      metrics: () => Promise.reject(new Error("no metrics")),
      unready: () => undefined,
    };
    const admin = await startAdmin(options);
    expect((await fetch(`http://127.0.0.1:${admin.port}/metrics`)).status).toBe(500);
    await expect(startAdmin({ ...options, port: admin.port })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    await admin.close();
  });
});
