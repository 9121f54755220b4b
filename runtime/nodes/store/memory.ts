/** State in the memory of one engine. */
import type { StateStore, Sums } from "../state-store.ts";

/** Requests are remembered for so long, and so many of them. */
const rememberMs = 600_000;
const mostRemembered = 100_000;

type Memory = { readonly value: readonly number[]; readonly until: number };

export const makeMemoryStore = (now: () => number): StateStore => {
  const sums = new Map<string, Sums>();
  const memories = new Map<string, Memory>();
  return {
    sums: (node, { kind, length }) => {
      const key = `${node}\0${kind}\0${length}`;
      const found = sums.get(key) ?? makeSums(length);
      sums.set(key, found);
      return found;
    },
    remember: (node, id, value) => {
      const key = `${node}\0${id}`;
      memories.delete(key); // a Map keeps the order of insertion
      memories.set(key, { value, until: now() + rememberMs });
      for (const [oldest, { until }] of memories) {
        if (memories.size <= mostRemembered && until > now()) break;
        memories.delete(oldest);
      }
    },
    recall: async (node, id) => {
      const found = memories.get(`${node}\0${id}`);
      return found !== undefined && found.until > now() ? found.value : undefined;
    },
  };
};

const makeSums = (length: number): Sums => {
  const values = new Float64Array(length);
  return {
    values,
    add: (places, amounts) => {
      places.forEach((place, i) => {
        values[place] = (values[place] ?? 0) + (amounts[i] ?? 0);
      });
    },
  };
};
