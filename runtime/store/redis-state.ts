/** The sums of one node, shared: what has to be told and heard, and when. */
import { type Batch, makeSharedSums, type SharedSums } from "../nodes/store/sums.ts";
import type { Meters } from "./meters.ts";
import type { RedisLink } from "./redis-link.ts";
import { type Answer, argumentsOf, exchangeScript, readAnswer } from "./redis-script.ts";

export type SharedState = {
  readonly sums: SharedSums;
  /** Tells and hears, if it is time to or `now` says so. Never rejects. */
  exchange(now: boolean): Promise<void>;
  /** Tells all that waits. Never rejects. */
  finish(): Promise<void>;
};

export type SharedStateOptions = {
  readonly key: string;
  readonly kind: string;
  readonly length: number;
  readonly engine: string;
  readonly link: RedisLink;
  readonly meters: Meters;
};

/** While nothing changes, only one in so many times is asked. */
const idleTicks = 5;
/** A state that is not ours is looked at again that seldom. */
const unfitTicks = 25;

export const makeSharedState = (options: SharedStateOptions): SharedState => {
  const { key, kind, length, engine, link, meters } = options;
  const sums = makeSharedSums(length);
  let version = "";
  let number = 0;
  let last: Batch | undefined;
  let restTicks = 0;
  let unfit: string | undefined;
  let busy: Promise<void> | undefined;

  const ask = async (withBase: boolean): Promise<Answer> => {
    const batch = sums.take();
    if (batch !== undefined && batch !== last) number += 1;
    last = batch ?? last;
    const base = withBase ? sums.base : undefined;
    const asked = { key, kind, length, version, engine, number, batch, base };
    return readAnswer(await evaluate(link, argumentsOf(asked)), length);
  };

  const take = (answer: Answer): void => {
    switch (answer.is) {
      case "common":
        if (answer.sums === undefined && answer.version === version) restTicks = idleTicks - 1;
        sums.settle(answer.sums);
        version = answer.version;
        unfit = undefined;
        return;
      case "gone":
        return; // lost again in between; asked again at the next time
      case "unfit":
        restTicks = unfitTicks;
        if (unfit !== answer.why) meters.refused(answer.why, { key });
        unfit = answer.why;
    }
  };

  const once = async (): Promise<void> => {
    try {
      const answer = await ask(false);
      take(answer.is === "gone" ? await ask(true) : answer);
      meters.succeeded();
    } catch (error) {
      meters.failed(error instanceof Error ? error.message : `${error}`);
    } finally {
      busy = undefined;
    }
  };

  const exchange = async (now: boolean): Promise<void> => {
    if (busy !== undefined) return busy;
    restTicks -= 1;
    const isTime = restTicks < 0 || (unfit === undefined && sums.waiting() > 0);
    if (!isTime && !now) return;
    restTicks = 0;
    busy = once();
    return busy;
  };

  return {
    sums,
    exchange,
    finish: async () => {
      await busy;
      // The first may be the batch that was on its way already.
      for (let i = 0; i < 2 && sums.waiting() > 0; i += 1) await exchange(true);
    },
  };
};

/** Scripts are known to a server by their hash, until it is restarted. */
const evaluate = async (link: RedisLink, [key = "", ...args]: readonly (string | Buffer)[]) => {
  try {
    return await link.call("EVALSHA", exchangeScript.sha1, "1", key, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return link.call("EVAL", exchangeScript.text, "1", key, ...args);
  }
};
