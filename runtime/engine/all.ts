import { asEngineError, EngineError } from "../errors.ts";
import { cancel } from "../scope.ts";
import { branch, type Call } from "./call.ts";

/**
 * Runs `work` for every item at the same time; answers come in the order of the items.
 *
 * The first failure gives up the siblings. The error thrown is that of the lowest item that failed
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
  const giveUpOthers = (failed: Call<Carried>): void => {
    const reason = new EngineError("SIBLING_FAILED", "another branch of the graph failed");
    for (const { call: own } of branches) if (own !== failed) cancel(own.scope, reason);
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
  for (const { release } of branches) release();
  const failures = settled
    .filter((one) => one.status === "rejected")
    .map((one) => asEngineError(one.reason));
  if (failures.length > 0)
    throw failures.find(({ code }) => code !== "SIBLING_FAILED") ?? failures[0];
  return settled.filter((one) => one.status === "fulfilled").map((one) => one.value);
};
