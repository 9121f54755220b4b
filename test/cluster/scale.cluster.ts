/**
 * Many deployments at once, on a control plane of their own. Prints what they cost; the table is in
 * docs/operator.md. Issue "the operator", 3 and 7.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Api } from "./support/api.ts";
import type { AuditEvent } from "./support/audit.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { installCrd } from "./support/crd.ts";
import { type Kubelet, playKubelet } from "./support/kubelet.ts";
import { type Operator, startOperatorProcess } from "./support/operator.ts";
import { writesOf } from "./support/operator-audit.ts";
import { isSettled, manifestOf, predictorOf, sdep } from "./support/operator-manifests.ts";
import { startOwn } from "./support/shared.ts";

const count = 200;
const settleLimitMs = 240_000;

let plane: ControlPlane;
let api: Api;
let namespace: string;
let kubelet: Kubelet;
let operator: Operator;

beforeAll(async () => {
  plane = await startOwn();
  ({ api } = plane);
  await installCrd(plane);
  namespace = await plane.namespace();
  kubelet = playKubelet(api, { namespace });
  operator = startOperatorProcess({ api, namespace, isClusterWide: true });
  await operator.logged("working");
});
afterAll(async () => {
  await operator.end("SIGKILL");
  await kubelet.stop();
  await plane.stop();
});

const names = Array.from({ length: count }, (_, index) => `model-${index}`);

const allSettled = async (about: number): Promise<void> => {
  const { apiVersion, kind } = sdep("", "");
  await api.untilAll(
    { apiVersion, kind, namespace },
    (all) => all.filter(isSettled).length === about,
    settleLimitMs,
  );
};

/** The most memory it has had so far. Source: proc_pid_status(5), VmHWM. */
const peakMegabytes = ({ process: { pid } }: Operator): number => {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1]) / 1024);
};

const wordOf = ({ verb, objectRef }: AuditEvent): string =>
  `${verb} ${objectRef?.resource}${objectRef?.subresource ? `/${objectRef.subresource}` : ""}`;

/** Requests of the operator for each deployment, by verb and kind. */
const costsOf = (events: readonly AuditEvent[]): ReadonlyMap<string, number> => {
  const costs = new Map<string, number>();
  for (const event of events) {
    const word = wordOf(event);
    costs.set(word, (costs.get(word) ?? 0) + 1);
  }
  const sorted = [...costs].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([word, all]) => [word, all / count]));
};

const printTable = (seconds: number, costs: ReadonlyMap<string, number>, megabytes: number) => {
  const rows = [...costs].map(([word, cost]) => `| ${word} | ${cost.toFixed(2)} |`);
  const all = [...costs.values()].reduce((sum, cost) => sum + cost, 0);
  const lines = [
    ...["", "| requests of the operator | for each deployment |", "| --- | --- |", ...rows],
    ...[`| all | ${all.toFixed(2)} |`, ""],
    `${count} deployments: ready after ${seconds.toFixed(1)} s; peak memory ${megabytes} MB`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
};

describe(`${count} deployments at once`, () => {
  it("come about with few requests, and cost none when they are settled", async () => {
    const from = performance.now();
    const mark = plane.audit.mark();
    const made = async (list: readonly string[]): Promise<void> => {
      for (const name of list) await api.create(manifestOf(sdep(namespace, name), [predictorOf()]));
    };
    const quarter = count / 4;
    await Promise.all(
      [0, 1, 2, 3].map((turn) => made(names.slice(turn * quarter, (turn + 1) * quarter))),
    );
    await allSettled(count);
    const seconds = (performance.now() - from) / 1000;
    const events = plane.audit
      .since(mark, { userAgent: "espalier-operator" })
      .filter(({ verb }) => verb !== "watch" && verb !== "list");
    const costs = costsOf(events);
    printTable(seconds, costs, peakMegabytes(operator));

    // Two Services, a Deployment; an event for each and for each state; few statuses. A pass that
    // got no answer in time, on a machine that stood still, is done once more.
    const passes =
      1 + operator.lines.filter(({ msg }) => msg === "pass was cut short").length / count;
    expect(costs.get("patch services")).toBeLessThanOrEqual(2 * passes);
    expect(costs.get("patch deployments")).toBeLessThanOrEqual(passes);
    expect(costs.get("patch seldondeployments/status")).toBeLessThanOrEqual(4);
    expect(costs.get("create events") ?? 0).toBeLessThanOrEqual(5);
    expect(peakMegabytes(operator)).toBeLessThan(400);

    // A new operator looks at all of them, and finds nothing to do; and so when all are touched.
    expect(await operator.end()).toBe(0);
    const quiet = plane.audit.mark();
    operator = startOperatorProcess({
      ...{ api, namespace, isClusterWide: true },
      env: { ESPALIER_WORKERS: "1" },
    });
    await operator.logged("working");
    const touched = { metadata: { annotations: { touched: "yes" } } };
    await Promise.all(names.map((name) => api.patch(sdep(namespace, name), touched)));
    await api.create(manifestOf(sdep(namespace, "barrier"), [predictorOf()]));
    await api.until(sdep(namespace, "barrier"), isSettled, settleLimitMs);
    const writes = writesOf(plane.audit, quiet).filter(
      ({ objectRef }) => !objectRef?.name?.includes("barrier"),
    );
    expect(writes.map(wordOf)).toEqual([]);
    expect(operator.lines.filter(({ level }) => level === "error")).toEqual([]);
  }, 400_000);
});
