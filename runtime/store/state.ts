import type { StateStore } from "../nodes/state-store.ts";

export type OpenState = {
  readonly store: StateStore;
  /** Stores what is not stored yet, for a bounded time. Never rejects. */
  close(): Promise<void>;
};
