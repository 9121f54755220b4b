import { asEngineError, EngineError } from "../errors.ts";
import { cancel } from "../scope.ts";
import { branch, type Call } from "./call.ts";

/**
 * From the first failure to the giving up of siblings. In it, what fails at about the same time
 * can be told by its index, as in v1, and a request that has just begun leaves as a whole.
 */
const graceMs = 10;

/**
 * Runs `work` for every item at the same time; answers come in the order of the items.
 *
 * The first failure gives up the siblings, after a moment. The error thrown is that of the lowest item that failed
 * by itself, never that of one which was given up. Source: design 5.3.2, engine contract 6.3.
 */
export const all = async <Item, Answer, Carried>(
  items: readonly Item[],
  call: Call<Carried>,
  work: (item: Item, call: Call<Carried>) => Promise<Answer>,
): Promise<readonly Answer[]> => {
  const [only] = items;
  if (items.length === 1 && only !== undefined) return [await work(only, call)];
  const branches = items.map((item) => ({ item, ...branch(call) }));
  let grace: NodeJS.Timeout | undefined;
  const giveUpOthers = (failed: Call<Carried>): void => {
    grace ??= setTimeout(() => {
      const reason = new EngineError("SIBLING_FAILED", "another branch of the graph failed");
      for (const { call: own } of branches) if (own !== failed) cancel(own.scope, reason);
    }, graceMs);
  };
  const settled = await Promise.allSettled(
    branches.map(async ({ item, call: own }) => {
      try {
        return await work(item, own);
      } catch (thrown) {
        const error = asEngineError(thrown);
        if (error.code !== "SIBLING_FAILED") giveUpOthers(own);
        throw error;
      }
    }),
  );
  clearTimeout(grace);
  for (const { release } of branches) release();
  const failures = settled
    .filter((one) => one.status === "rejected")
    .map((one) => asEngineError(one.reason));
  if (failures.length > 0)
    throw failures.find(({ code }) => code !== "SIBLING_FAILED") ?? failures[0];
  return settled.filter((one) => one.status === "fulfilled").map((one) => one.value);
};
