/** The state of an engine of several processes without a store: there is none that they could share. */
import type { OpenState } from "../store/state.ts";

const refuse = (node: string): never => {
  throw new Error(
    `node ${node} learns, and each of --workers would learn by itself: name a Redis or Valkey server by --state_store, or set --workers to 1`,
  );
};

export const unshared: OpenState = {
  store: { sums: refuse, remember: refuse, recall: async (node) => refuse(node) },
  close: async () => {},
};
