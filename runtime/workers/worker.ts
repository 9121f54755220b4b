/**
 * One of several processes of an engine, as it sees the first one, which started it and without
 * which it ends at once.
 */
import cluster from "node:cluster";
import type { Metrics } from "../metrics.ts";
import type { FromWorker, Ports, Refusal, StopReason, ToWorker } from "./messages.ts";

export type Siblings = {
  /** The metrics of all processes. */
  readonly text: () => Promise<string>;
  /** This process serves, and tells these metrics of itself. */
  started(ports: Ports, own: Metrics): void;
  /** Resolves when it has been said. */
  refused(refusal: Refusal): Promise<void>;
  /** Resolves when this process shall stop. */
  readonly stopAsked: Promise<StopReason>;
  /**
   * To be called when the ports are closed: connections that are just being handed to this process
   * go back, to be handed to another. Without it their clients would wait for ever.
   */
  leave(): Promise<void>;
};

/** Undefined for an engine of one process. */
export const findSiblings = (): Siblings | undefined =>
  cluster.isWorker ? makeSiblings() : undefined;

const makeSiblings = (): Siblings => {
  const scraping = new Map<number, (text: string) => void>();
  let own: Metrics | undefined;
  let lastId = 0;
  const tell = (message: FromWorker): void => {
    if (process.connected) process.send?.(message);
  };
  const collect = async (id: number): Promise<void> => {
    if (own !== undefined) tell({ is: "collected", id, scrape: await own.scrape() });
  };
  const stopAsked = new Promise<StopReason>((resolve) => {
    process.on("message", (message: ToWorker) => {
      switch (message.is) {
        case "collect":
          void collect(message.id);
          break;
        case "scraped":
          scraping.get(message.id)?.(message.text);
          scraping.delete(message.id);
          break;
        case "stop":
          resolve(message.why);
          break;
      }
    });
    process.on("SIGTERM", () => resolve("shutdown"));
  });
  // A terminal sends these to all processes of an engine; the first one says what they mean.
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
  return {
    text: () => {
      lastId += 1;
      const id = lastId;
      return new Promise((resolve) => {
        scraping.set(id, resolve);
        tell({ is: "scrape", id });
      });
    },
    started: (ports, metrics) => {
      own = metrics;
      tell({ is: "started", ...ports });
    },
    refused: ({ faults, exitCode }) =>
      new Promise((resolve) => {
        if (!process.connected || process.send === undefined) resolve();
        else
          process.send({ is: "refused", faults, exitCode } satisfies FromWorker, () => resolve());
      }),
    stopAsked,
    leave: () =>
      new Promise((resolve) => {
        if (cluster.worker === undefined || !process.connected) resolve();
        else {
          process.once("disconnect", resolve);
          cluster.worker.disconnect();
        }
      }),
  };
};
