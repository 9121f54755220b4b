import { attempt, type Done } from "../done.ts";
import { EngineError } from "../errors.ts";
import { cancel } from "../scope.ts";
import { branch, type Call } from "./call.ts";

/**
 * From the first failure to the giving up of siblings. In it, what fails at about the same time
 * can be told by its index, as in v1, and a request that has just begun leaves as a whole.
 */
const graceMs = 100;

type Work<Item, Answer, Carried> = (item: Item, call: Call<Carried>, done: Done<Answer>) => void;

/**
 * Runs `work` for every item at the same time; answers come in the order of the items.
 *
 * The first failure gives up the siblings, after a moment. The error told is that of the lowest item that failed
 * by itself, never that of one which was given up. Source: design 5.3.2, engine contract 6.3.
 */
export const all = <Item, Answer, Carried>(
  items: readonly Item[],
  call: Call<Carried>,
  work: Work<Item, Answer, Carried>,
  done: Done<readonly Answer[]>,
): void => {
  const [only] = items;
  if (items.length > 1) spread(items, call, work, done);
  else if (only === undefined) done(undefined, []);
  else {
    const one: Done<Answer> = (error, answer) =>
      error === undefined ? done(undefined, [answer]) : done(error, undefined);
    attempt((told) => work(only, call, told), one);
  }
};

const spread = <Item, Answer, Carried>(
  items: readonly Item[],
  call: Call<Carried>,
  work: Work<Item, Answer, Carried>,
  done: Done<readonly Answer[]>,
): void => {
  const branches = items.map((item) => ({ item, ...branch(call) }));
  const answers: Answer[] = [];
  const failures: (EngineError | undefined)[] = items.map(() => undefined);
  let missing = items.length;
  let grace: NodeJS.Timeout | undefined;
  const giveUpOthers = (failed: Call<Carried>): void => {
    grace ??= setTimeout(() => {
      const reason = new EngineError("SIBLING_FAILED", "another branch of the graph failed");
      for (const { call: own } of branches) if (own !== failed) cancel(own.scope, reason);
    }, graceMs);
  };
  const finish = (): void => {
    clearTimeout(grace);
    const failed = failures.filter((error) => error !== undefined);
    const told = failed.find(({ code }) => code !== "SIBLING_FAILED") ?? failed[0];
    if (told === undefined) done(undefined, answers);
    else done(told, undefined);
  };
  branches.forEach(({ item, call: own, release }, i) => {
    const one: Done<Answer> = (error, answer) => {
      if (error === undefined) answers[i] = answer;
      else {
        failures[i] = error;
        if (error.code !== "SIBLING_FAILED") giveUpOthers(own);
      }
      release();
      missing -= 1;
      if (missing === 0) finish();
    };
    attempt((told) => work(item, own, told), one);
  });
};
