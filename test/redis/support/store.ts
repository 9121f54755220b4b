/** Stores on a server, and what they tell. */
import { setTimeout } from "node:timers/promises";
import { Registry } from "prom-client";
import { makeLog } from "../../../host/log.ts";
import type { StateStore } from "../../../runtime/nodes/state-store.ts";
import { readAddress } from "../../../runtime/store/address.ts";
import { makeRedisStore } from "../../../runtime/store/redis-store.ts";
import type { Later } from "../../contract/cleanup.ts";

export type TestStore = {
  readonly store: StateStore;
  /** Lines of the log so far. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  metric(name: "up" | "errors_total" | "pending"): Promise<number | undefined>;
  close(): Promise<void>;
};

/** Often, so that tests are quick. */
const flushEveryMs = 20;

export const openStore = async (later: Later, url: string): Promise<TestStore> => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = makeLog("INFO", { write: (line) => lines.push(JSON.parse(line)) });
  const registry = new Registry();
  const read = readAddress(url);
  if (!read.ok) throw new Error(read.fault);
  const { store, close } = makeRedisStore({
    address: read.address,
    owner: ["ns", "dep", "p"],
    now: Date.now,
    registry,
    log,
    flushEveryMs,
  });
  later(close);
  return {
    store,
    lines,
    close,
    metric: async (name) => {
      const all = await registry.getMetricsAsJSON();
      return all.find((one) => one.name === `espalier_state_store_${name}`)?.values[0]?.value;
    },
  };
};

/** Until a thing that other processes do has happened; the test's own limit ends the wait. */
export const until = async (happened: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await happened())) await setTimeout(5);
};
