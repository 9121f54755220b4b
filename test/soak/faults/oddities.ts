/** Lets odd clients come and go, several at once, and judges what they get. */
import { count, type FaultLog, makeTally, type Tally } from "./judge.ts";
import { type Odd, oddClients, type Place } from "./odd-clients.ts";
import { oneOf, type Random } from "./schedule.ts";

export type Oddities = {
  readonly tally: Tally;
  /** How many have come, by their names. */
  readonly visits: ReadonlyMap<string, number>;
  stop(): Promise<void>;
};

/** Ids of odd clients are no one else's. */
const firstNumber = 1_000_000_000;
const mostAtOnce = 8;

export const startOddities = (
  place: Place,
  { log, random, everyMs }: { log: FaultLog; random: Random; everyMs: number },
): Oddities => {
  const tally = makeTally();
  const visits = new Map<string, number>();
  const names = Object.keys(oddClients) as [keyof typeof oddClients]; // all and only its names
  const atWork = new Set<Promise<void>>();
  let number = firstNumber;
  const nextNumber = (): number => {
    number += 1;
    return number;
  };
  /** Whoever cuts off his own request may get nothing, or an error; never something else. */
  const take = (name: string, { asked, outcome, cutOff }: Odd): void => {
    if (outcome.is === "right") count(tally, log, asked, outcome);
    else if (!cutOff || outcome.is === "wrong") {
      count(tally, log, asked, { ...outcome, what: `${name}: ${outcome.what}` });
    }
  };
  const visit = async (): Promise<void> => {
    const name = oneOf(random, names);
    visits.set(name, (visits.get(name) ?? 0) + 1);
    try {
      for (const odd of await oddClients[name](place, nextNumber, random)) take(name, odd);
    } catch (error) {
      tally.unexplained += 1;
      tally.problems.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  };
  const timer = setInterval(() => {
    if (atWork.size >= mostAtOnce) return;
    const work = visit().finally(() => atWork.delete(work));
    atWork.add(work);
  }, everyMs);
  return {
    tally,
    visits,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(atWork);
    },
  };
};
