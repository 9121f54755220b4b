/** What an engine holds at a moment: its memory, and what it has open. */
import type { EngineProcess } from "../contract/engine-process.ts";
import type { Allowance } from "./trend.ts";

export type Sample = {
  readonly rssMegabytes: number;
  readonly heapMegabytes: number;
  /** Sockets, timers and the like that Node.js knows of. */
  readonly handles: number;
  readonly openFiles: number;
};

export type Figure = keyof Sample;

/** Memory moves with every collection; what is open moves with the probes that are under way. */
export const allowances: Readonly<Record<Figure, Allowance>> = {
  rssMegabytes: { absolute: 6, share: 0.05, quantile: 0.5 },
  heapMegabytes: { absolute: 6, share: 0.05, quantile: 0.1 },
  handles: { absolute: 4, share: 0, quantile: 0.5 },
  openFiles: { absolute: 4, share: 0, quantile: 0.5 },
};

const megabyte = 1024 * 1024;

/** Scrapes the engine, as Prometheus does, and looks at the process from outside. */
export const takeSample = async (engine: EngineProcess): Promise<Sample> => {
  const scrape = await fetch(`http://127.0.0.1:${engine.httpPort}/metrics`);
  const text = await scrape.text();
  const read = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  return {
    rssMegabytes: engine.rssBytes() / megabyte,
    heapMegabytes: read("nodejs_heap_size_used_bytes") / megabyte,
    handles: read("nodejs_active_handles_total"),
    openFiles: engine.openFiles(),
  };
};
