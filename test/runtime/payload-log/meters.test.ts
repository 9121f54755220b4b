import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Registry } from "prom-client";
import { makeLog } from "../../../host/log.ts";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { makeMeters } from "../../../runtime/payload-log/meters.ts";

const setUp = () => {
  const registry = new Registry();
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = makeLog("INFO", { write: (line) => lines.push(JSON.parse(line)) });
  const meters = makeMeters({ registry, deadlines: makeDeadlines(), log, bytes: () => 42 });
  const lost = () =>
    lines.map(({ dropped, failed, sink, why }) => ({ dropped, failed, sink, why }));
  return { registry, meters, lines, lost };
};

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe("makeMeters", () => {
  it("counts events by what became of them, and bytes", async () => {
    const { registry, meters } = setUp();
    meters.sent();
    meters.sent();
    meters.dropped(5);
    meters.failed("sink", "answered 503");
    const text = await registry.metrics();
    expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([
      'espalier_payload_log_events_total{result="sent"} 2',
      'espalier_payload_log_events_total{result="dropped"} 5',
      'espalier_payload_log_events_total{result="failed"} 1',
      "espalier_payload_log_queue_bytes 42",
    ]);
  });

  it("shows every series from the start", async () => {
    const text = await setUp().registry.metrics();
    expect(text).toContain('espalier_payload_log_events_total{result="failed"} 0');
  });

  it("says at once that events are lost, and then once a second how many", () => {
    const { meters, lost } = setUp();
    meters.failed("sink", "answered 503");
    meters.failed("sink", "answered 500");
    meters.dropped(3);
    expect(lost()).toEqual([{ dropped: 0, failed: 1, sink: "sink", why: "answered 503" }]);
    jest.advanceTimersByTime(1020);
    expect(lost().slice(1)).toEqual([{ dropped: 3, failed: 1, sink: "sink", why: "answered 500" }]);
    jest.advanceTimersByTime(5000);
    expect(lost()).toHaveLength(2);
    meters.dropped(1);
    expect(lost().slice(2)).toEqual([{ dropped: 1, failed: 0 }]);
  });

  it("says at the end what it has not said", () => {
    const { meters, lost } = setUp();
    meters.dropped(1);
    meters.dropped(2);
    meters.close();
    expect(lost()).toEqual([
      { dropped: 1, failed: 0 },
      { dropped: 2, failed: 0 },
    ]);
  });

  it("says nothing when nothing is lost", () => {
    const { meters, lines } = setUp();
    meters.sent();
    meters.dropped(0);
    meters.close();
    expect(lines).toEqual([]);
  });
});
