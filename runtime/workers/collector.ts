/** Answers a scrape of one process with the metrics of all. */
import type { Worker } from "node:cluster";
import type { Scrape } from "../metrics.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

type Round = {
  readonly asker: Worker;
  /** The id by which the asker knows its scrape. */
  readonly askerId: number;
  readonly missing: Set<Worker>;
  readonly scrapes: Scrape[];
  readonly timer: NodeJS.Timeout;
};

/** A process that is too busy to tell is left out: a scrape of Prometheus waits 10 s. */
const waitMs = 3000;

export const makeCollector = (workers: () => readonly Worker[]) => {
  const rounds = new Map<number, Round>();
  let lastId = 0;

  const finish = async (id: number): Promise<void> => {
    const round = rounds.get(id);
    if (round === undefined) return;
    rounds.delete(id);
    clearTimeout(round.timer);
    const { mergedText } = await import("./merge.ts"); // nobody may ever scrape
    const text = await mergedText(round.scrapes);
    tell(round.asker, { is: "scraped", id: round.askerId, text });
  };

  return {
    /** A process is gone: nobody waits for it. */
    leave: (worker: Worker): void => {
      for (const [id, { missing }] of rounds) {
        if (missing.delete(worker) && missing.size === 0) void finish(id);
      }
    },
    take: (worker: Worker, message: FromWorker): void => {
      if (message.is === "scrape") {
        lastId += 1;
        const id = lastId;
        const asked = workers().filter((one) => one.isConnected());
        const timer = setTimeout(() => void finish(id), waitMs);
        rounds.set(id, {
          asker: worker,
          askerId: message.id,
          missing: new Set(asked),
          scrapes: [],
          timer,
        });
        for (const one of asked) tell(one, { is: "collect", id });
      } else if (message.is === "collected") {
        const round = rounds.get(message.id);
        round?.scrapes.push(message.scrape);
        if (round?.missing.delete(worker) && round.missing.size === 0) void finish(message.id);
      }
    },
  };
};

const tell = (worker: Worker, message: ToWorker): void => {
  if (worker.isConnected()) worker.send(message);
};
