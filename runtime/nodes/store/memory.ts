/** State in the memory of one engine. */
import type { StateStore, Sums } from "../state-store.ts";
import { makeMemories } from "./memories.ts";
import { makeSums } from "./sums.ts";

export const makeMemoryStore = (now: () => number): StateStore => {
  const sums = new Map<string, Sums>();
  const { remember, recall } = makeMemories(now);
  return {
    sums: (node, { kind, length }) => {
      const key = `${node}\0${kind}\0${length}`;
      const found = sums.get(key) ?? makeSums(length);
      sums.set(key, found);
      return found;
    },
    remember,
    recall: async (node, id) => recall(node, id),
  };
};
