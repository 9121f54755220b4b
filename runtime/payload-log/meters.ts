/** What the payload log counts: metrics, and a line in the log now and then. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Logger } from "../../host/log.ts";
import type { Deadlines } from "../deadlines.ts";

export type Meters = {
  sent(): void;
  /** Events that were never sent: no room, or the end of the engine. */
  dropped(count: number): void;
  /** An event that a sink did not take. */
  failed(place: string, why: string): void;
  /** Says what has not been said yet. */
  close(): void;
};

/** The shortest time between two lines about lost events. */
const quietMs = 1000;

type MeterOptions = {
  readonly registry: Registry;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  /** Bytes that the queues hold now. */
  readonly bytes: () => number;
};

export const makeMeters = ({ registry, deadlines, log, bytes }: MeterOptions): Meters => {
  const events = new Counter({
    name: "espalier_payload_log_events_total",
    help: "Logged payloads by what became of them.",
    labelNames: ["result"],
    registers: [registry],
  });
  for (const result of ["sent", "dropped", "failed"]) events.inc({ result }, 0);
  new Gauge({
    name: "espalier_payload_log_queue_bytes",
    help: "Bytes of payloads that wait to be logged or are being sent.",
    registers: [registry],
    collect() {
      this.set(bytes());
    },
  });

  let lost = { dropped: 0, failed: 0 };
  let latest: { readonly sink?: string; readonly why?: string } = {};
  let quiet = false;
  const say = (): void => {
    quiet = lost.dropped + lost.failed > 0;
    if (!quiet) return;
    log.warn({ ...lost, ...latest }, "payload events lost");
    lost = { dropped: 0, failed: 0 };
    latest = {};
    deadlines.set(quietMs, say);
  };

  return {
    sent: () => events.inc({ result: "sent" }),
    dropped: (count) => {
      events.inc({ result: "dropped" }, count);
      lost.dropped += count;
      if (!quiet) say();
    },
    failed: (sink, why) => {
      events.inc({ result: "failed" });
      lost.failed += 1;
      latest = { sink, why };
      if (!quiet) say();
    },
    close: say,
  };
};
