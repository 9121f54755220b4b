/** What a state store that can be lost tells: metrics, and a line in the log when it is and when it is back. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Logger } from "../../host/log.ts";

export type Meters = {
  succeeded(): void;
  /** Nothing can be exchanged with the store. */
  failed(why: string): void;
  /** One thing could not be done; the store itself is there. */
  refused(why: string, about: Readonly<Record<string, unknown>>): void;
};

export type MeterOptions = {
  readonly registry: Registry;
  readonly log: Logger;
  /** Where the store is, without anything secret. */
  readonly place: string;
  /** Additions that the store is not known to have. */
  readonly waiting: () => number;
};

export const makeMeters = ({ registry, log, place, waiting }: MeterOptions): Meters => {
  const up = new Gauge({
    name: "espalier_state_store_up",
    help: "1 while what built-in nodes learn reaches the state store.",
    registers: [registry],
  });
  const errors = new Counter({
    name: "espalier_state_store_errors_total",
    help: "Failures of the state store.",
    registers: [registry],
  });
  new Gauge({
    name: "espalier_state_store_pending",
    help: "Additions to the state that the store is not known to have.",
    registers: [registry],
    collect() {
      this.set(waiting());
    },
  });
  let isUp: boolean | undefined;
  return {
    succeeded: () => {
      if (isUp === true) return;
      if (isUp === false) log.info({ store: place, pending: waiting() }, "state store is back");
      isUp = true;
      up.set(1);
    },
    failed: (why) => {
      errors.inc();
      if (isUp === false) return;
      isUp = false;
      up.set(0);
      log.warn({ store: place, why }, "state store lost; deciding by what this engine knows");
    },
    refused: (why, about) => {
      errors.inc();
      log.error({ store: place, ...about, why }, "state left alone; this engine learns by itself");
    },
  };
};
