import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "@jest/globals";
import { Registry } from "prom-client";
import type { PlanUnit } from "../../../api/plan.ts";
import { makeLog } from "../../../host/log.ts";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { defaultLimits } from "../../../runtime/limits.ts";
import { eventOverheadBytes } from "../../../runtime/payload-log/event.ts";
import { makeLookup } from "../../../runtime/payload-log/lookup.ts";
import type { NodeLog } from "../../../runtime/payload-log/node-log.ts";
import {
  makePayloadLog,
  type PayloadLog,
  type PayloadLogOptions,
} from "../../../runtime/payload-log/payload-log.ts";
import { findTargets } from "../../../runtime/payload-log/targets.ts";
import { makeCall, payload } from "../engine/walk.ts";
import { deafPort, turns } from "../sockets.ts";
import { type Answer, accept, type Host, hang, openHost, unit } from "./fixture.ts";

const hosts: Host[] = [];
const logs: PayloadLog[] = [];
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close(0);
  for (const host of hosts.splice(0)) await host.close();
});

const open = async (answer: Answer = accept): Promise<Host> => {
  const host = await openHost(answer);
  hosts.push(host);
  return host;
};

const optionsOf = (targets: PayloadLogOptions["targets"]): PayloadLogOptions => ({
  targets,
  origin: {
    deployment: "d",
    namespace: "ns",
    predictor: "p",
    protocol: "v2",
    source: "http://:1/",
  },
  bounds: { maxItems: 100, maxBytes: 1_000_000, waitMs: 0 },
  senders: 2,
  timeoutMs: 20_000,
  limits: defaultLimits,
  deadlines: makeDeadlines(),
  lookup: makeLookup(),
  registry: new Registry(),
  log: makeLog("FATAL", { write: () => {} }),
});

type Over = Partial<Pick<PayloadLogOptions, "bounds" | "senders" | "timeoutMs">>;

/** A payload log of units, each of which is logged at its own URL. */
const logAt = (urls: readonly string[], over: Over = {}) => {
  const units = urls.map((url, i) => unit(`n${i}`, { logger: { mode: "all", url } }));
  const registry = new Registry();
  const payloadLog = makePayloadLog({
    ...optionsOf(findTargets(unit("root", { children: units }), "").targets),
    registry,
    ...over,
  });
  logs.push(payloadLog);
  const value = async (name: string, result?: string): Promise<number | undefined> => {
    const metric = await registry.getSingleMetric(name)?.get();
    return metric?.values.find(({ labels }) => labels["result"] === result)?.value;
  };
  const counts = async () => {
    const [sent, dropped, failed] = await Promise.all(
      ["sent", "dropped", "failed"].map((result) =>
        value("espalier_payload_log_events_total", result),
      ),
    );
    return { sent, dropped, failed };
  };
  return {
    payloadLog,
    counts,
    bytes: () => value("espalier_payload_log_queue_bytes"),
    nodes: units.map((one) => nodeLogOf(payloadLog, one)),
  };
};

const nodeLogOf = (payloadLog: PayloadLog, one: PlanUnit): NodeLog => {
  const found = payloadLog.nodeLog(one);
  if (found === undefined) throw new Error(`${one.name} is not logged`);
  return found;
};

const sendTo = (node: NodeLog | undefined, count: number, text = "x"): void => {
  for (let i = 0; i < count; i += 1) node?.request(payload(text), makeCall({ id: `id-${i}` }));
};

describe("makePayloadLog", () => {
  it("sends each event once, with what is said of it", async () => {
    const host = await open();
    const { nodes, payloadLog, counts } = logAt([`${host.url}/log`]);
    nodes[0]?.request(payload("in"), makeCall());
    nodes[0]?.response(payload("out"), makeCall());
    nodes[0]?.feedback(payload("good"), makeCall());
    await payloadLog.close(20_000);
    const seen = host.received.map(({ headers, body, path }) => [
      path,
      headers["ce-type"],
      headers["ce-modelid"],
      headers["ce-protocol"],
      headers["ce-requestid"],
      body.toString(),
    ]);
    expect(seen.toSorted()).toEqual([
      ["/log", "io.seldon.serving.feedback", "n0", "v2", "id-1", "good"],
      ["/log", "io.seldon.serving.inference.request", "n0", "v2", "id-1", "in"],
      ["/log", "io.seldon.serving.inference.response", "n0", "v2", "id-1", "out"],
    ]);
    expect(await counts()).toEqual({ sent: 3, dropped: 0, failed: 0 });
  });

  it("hears nothing of a call that wants no logging", async () => {
    const host = await open();
    const { nodes, payloadLog, counts } = logAt([host.url]);
    const call = makeCall({ unlogged: true });
    nodes[0]?.request(payload("in"), call);
    nodes[0]?.response(payload("out"), call);
    nodes[0]?.feedback(payload("good"), call);
    await payloadLog.close(20_000);
    expect(await counts()).toEqual({ sent: 0, dropped: 0, failed: 0 });
  });

  it.each([
    { mode: "request", want: ["request"] },
    { mode: "response", want: ["response", "feedback"] },
  ])("logs in mode $mode what it says", async ({ mode, want }) => {
    const host = await open();
    const plan = unit("n", { logger: { mode, url: host.url } });
    const one = makePayloadLog({ ...optionsOf(findTargets(plan, "").targets), senders: 1 });
    expect(one.nodeLog(unit("n"))).toBeUndefined();
    logs.push(one);
    const node = nodeLogOf(one, plan);
    for (const kind of ["request", "response", "feedback"] as const) {
      node[kind](payload(kind), makeCall());
    }
    await one.close(20_000);
    expect(host.received.map(({ body }) => body.toString())).toEqual(want);
  });

  it("sends as many at a time as there are senders", async () => {
    const waiting: (() => void)[] = [];
    const host = await open((response) => {
      waiting.push(() => response.end());
    });
    const { nodes, payloadLog } = logAt([host.url], { senders: 3 });
    sendTo(nodes[0], 7);
    await host.count(3);
    await turns(20);
    expect(host.received).toHaveLength(3);
    waiting[0]?.();
    await host.count(4);
    await turns(20);
    expect(host.received).toHaveLength(4);
    await payloadLog.close(0);
  });

  it("drops what finds no place, and sends what did", async () => {
    const release: (() => void)[] = [];
    const host = await open((response) => {
      release.push(() => response.end());
      if (release.length > 1) response.end();
    });
    const bounds = { maxItems: 3, maxBytes: 1_000_000, waitMs: 0 };
    const { nodes, payloadLog, counts } = logAt([host.url], { senders: 1, bounds });
    sendTo(nodes[0], 10); // one is being sent, three are queued
    await host.count(1);
    expect((await counts()).dropped).toBe(6);
    release[0]?.();
    await payloadLog.close(20_000);
    const ids = host.received.map(({ headers }) => headers["ce-requestid"]);
    expect(ids).toEqual(["id-0", "id-1", "id-2", "id-3"]);
  });

  it("never holds more bytes than it may, those that are being sent included", async () => {
    const host = await open(hang);
    const text = "x".repeat(10_000);
    const maxBytes = 5 * (text.length + eventOverheadBytes + 100);
    const bounds = { maxItems: 1000, maxBytes, waitMs: 10_000 };
    const { nodes, counts, bytes } = logAt([host.url], { bounds });
    sendTo(nodes[0], 50, text);
    await host.count(2);
    expect((await counts()).dropped).toBe(45);
    expect(await bytes()).toBeLessThanOrEqual(maxBytes);
    expect(await bytes()).toBeGreaterThan(5 * text.length);
  });

  it("counts a small gzip body by what it unpacks to", async () => {
    const host = await open();
    const { nodes, payloadLog, counts } = logAt([host.url]);
    const bomb = {
      ...payload(""),
      body: gzipSync(Buffer.alloc(2_000_000)),
      contentEncoding: "gzip",
    };
    const fits = { ...payload(""), body: gzipSync("fits"), contentEncoding: "gzip" };
    for (const one of [bomb, fits]) nodes[0]?.request(one, makeCall());
    await payloadLog.close(20_000);
    expect(host.received.map(({ body }) => body.toString())).toEqual(["fits"]);
    expect(await counts()).toEqual({ sent: 1, dropped: 1, failed: 0 });
  });

  it("counts a body that is no gzip as failed", async () => {
    const host = await open();
    const { nodes, payloadLog, counts } = logAt([host.url]);
    const liar = Buffer.concat([Buffer.from("this is no gzip at all"), Buffer.from([9, 0, 0, 0])]);
    nodes[0]?.request({ ...payload(""), body: liar, contentEncoding: "gzip" }, makeCall());
    await payloadLog.close(20_000);
    expect(await counts()).toEqual({ sent: 0, dropped: 0, failed: 1 });
  });

  it.each([
    {
      name: "refuses events",
      answer: ((response) => response.writeHead(503).end()) satisfies Answer,
    },
    {
      name: "redirects them",
      answer: ((response) => response.writeHead(307).end()) satisfies Answer,
    },
    { name: "hangs up", answer: ((response) => response.socket?.destroy()) satisfies Answer },
  ])(
    "counts what a host that $name does not take, and sends it no second time",
    async ({ answer }) => {
      const host = await open(answer);
      const { nodes, payloadLog, counts } = logAt([host.url]);
      sendTo(nodes[0], 3);
      await payloadLog.close(20_000);
      expect(await counts()).toEqual({ sent: 0, dropped: 0, failed: 3 });
      expect(host.received).toHaveLength(3);
    },
  );

  it("counts what a host does not take in time, and goes on", async () => {
    const host = await open((response, _, { headers }) => {
      if (headers["ce-requestid"] === "id-1") response.end();
    });
    const { nodes, payloadLog, counts } = logAt([host.url], { senders: 1, timeoutMs: 2000 });
    sendTo(nodes[0], 2);
    await payloadLog.close(20_000);
    expect(await counts()).toEqual({ sent: 1, dropped: 0, failed: 1 });
  });

  it("serves one host while another hangs and a third is gone", async () => {
    const good = await open();
    const bad = await open(hang);
    const gone = `http://127.0.0.1:${await deafPort()}`;
    const { nodes, payloadLog, counts } = logAt([bad.url, good.url, gone], { senders: 1 });
    for (const node of nodes) sendTo(node, 5);
    while ((await counts()).sent !== 5) await turns(1);
    await payloadLog.close(0);
    expect(good.received).toHaveLength(5);
    expect(bad.received).toHaveLength(1);
  });

  it("gives each host an equal share of the bytes", async () => {
    const good = await open(hang);
    const bad = await open(hang);
    const text = "x".repeat(100_000);
    const bounds = { maxItems: 100, maxBytes: 450_000, waitMs: 0 };
    const { nodes, counts, bytes } = logAt([bad.url, good.url], { bounds });
    sendTo(nodes[0], 10, text);
    sendTo(nodes[1], 2, text);
    expect((await counts()).dropped).toBe(8);
    expect(await bytes()).toBeLessThanOrEqual(450_000);
  });

  it("leaves a host alone for a moment that it cannot reach, until it closes", async () => {
    const gone = `http://127.0.0.1:${await deafPort()}`;
    const { nodes, payloadLog, counts } = logAt([gone], { senders: 1 });
    sendTo(nodes[0], 50);
    while ((await counts()).failed === 0) await turns(1);
    await turns(300); // time enough to fail with all of them
    expect((await counts()).failed).toBeLessThan(10);
    await payloadLog.close(20_000);
    expect(await counts()).toEqual({ sent: 0, dropped: 0, failed: 50 });
  });

  it("sends at the end what is held, and drops what comes later", async () => {
    const host = await open();
    const { nodes, payloadLog, counts } = logAt([host.url], { senders: 1 });
    sendTo(nodes[0], 20);
    const closed = payloadLog.close(20_000);
    sendTo(nodes[0], 1);
    await closed;
    expect(await counts()).toEqual({ sent: 20, dropped: 1, failed: 0 });
    expect(host.received).toHaveLength(20);
  });

  it("drops at the end what a host that hangs has not taken in time", async () => {
    const host = await open(hang);
    const { nodes, payloadLog, counts, bytes } = logAt([host.url]);
    sendTo(nodes[0], 5);
    await host.count(2);
    await payloadLog.close(1);
    expect(await counts()).toEqual({ sent: 0, dropped: 5, failed: 0 });
    expect(await bytes()).toBe(0);
  });
});
