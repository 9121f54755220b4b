/**
 * The addresses that a host stands for: each call goes to the next of them that has a connection,
 * and waits where there is none yet. Source: deviation E14; engine contract, 10.2.
 */
import type { Deadlines } from "../deadlines.ts";
import type { Http2Limits } from "../http2/types.ts";
import { type Endpoint, type Link, makeEndpoint } from "./grpc-endpoint.ts";

export type ChannelOptions = {
  readonly port: number;
  /** Finds the addresses. Rejects if there is none. */
  readonly resolve: () => Promise<readonly string[]>;
  readonly deadlines: Deadlines;
  readonly limits: Partial<Http2Limits>;
};

/** A call for which there is no connection yet. */
export type Waiter = {
  go(link: Link): void;
  fail(why: string): void;
};

export type Channel = {
  take(): Link | undefined;
  /** Tells of a connection as soon as there is one, or that there will be none. Answers how to leave. */
  wait(waiter: Waiter): () => void;
  /** Takes no more calls; those in work go on. */
  close(): void;
};

/** Calls that wait for a connection; more fail at once. */
const mostWaiting = 10_000;
/** Addresses come and go: they are looked up again after so long, sooner when a connection is lost. */
const freshMs = 30_000;
const soonestMs = 1000;

type State = {
  endpoints: readonly Endpoint[];
  turn: number;
  readonly waiting: Set<Waiter>;
  resolving: boolean;
  /** When the addresses were last looked up, by `performance.now()`. */
  resolvedAt: number;
  /** A connection was lost since. */
  lost: boolean;
  fault: string;
  closed: boolean;
};

export const makeChannel = (options: ChannelOptions): Channel => {
  const state: State = {
    endpoints: [],
    turn: 0,
    waiting: new Set(),
    resolving: false,
    resolvedAt: Number.NEGATIVE_INFINITY,
    lost: false,
    fault: "no address yet",
    closed: false,
  };
  const take = (): Link | undefined => {
    if (!state.closed && isStale(state)) resolve(state, options);
    return takeFrom(state);
  };
  return {
    take,
    wait: (waiter) => {
      const full = `more than ${mostWaiting} calls wait for a connection`;
      const why = state.waiting.size < mostWaiting ? hopeless(state) : full;
      if (why !== undefined) waiter.fail(why);
      else state.waiting.add(waiter);
      return () => state.waiting.delete(waiter);
    },
    close: () => {
      state.closed = true;
      for (const endpoint of state.endpoints) endpoint.close();
      serve(state);
    },
  };
};

/** Of the endpoints in turn the first that has a connection. */
const takeFrom = (state: State): Link | undefined => {
  const { endpoints } = state;
  for (let i = 0; i < endpoints.length; i += 1) {
    const at = (state.turn + i) % endpoints.length;
    const link = endpoints[at]?.take();
    if (link === undefined) continue;
    state.turn = at + 1;
    return link;
  }
  return undefined;
};

/** Why waiting makes no sense; undefined if it does. */
const hopeless = ({ closed, resolving, endpoints, fault }: State): string | undefined => {
  if (closed) return "the engine is stopping";
  if (endpoints.some((one) => one.isHopeful())) return undefined;
  if (resolving && endpoints.length === 0) return undefined;
  return endpoints[0]?.fault() ?? fault;
};

/** Gives waiting calls what there is; without hope they fail. */
const serve = (state: State): void => {
  for (const waiter of state.waiting) {
    const link = state.closed ? undefined : takeFrom(state);
    if (link === undefined) break;
    state.waiting.delete(waiter);
    waiter.go(link);
  }
  if (state.waiting.size === 0) return;
  const why = hopeless(state);
  if (why === undefined) return;
  for (const waiter of state.waiting) {
    state.waiting.delete(waiter);
    waiter.fail(why);
  }
};

const isStale = ({ resolving, resolvedAt, lost, endpoints }: State): boolean => {
  if (resolving) return false;
  const age = performance.now() - resolvedAt;
  return age > (lost || endpoints.length === 0 ? soonestMs : freshMs);
};

const resolve = (state: State, options: ChannelOptions): void => {
  state.resolving = true;
  const settle = (): void => {
    state.resolving = false;
    state.resolvedAt = performance.now();
    serve(state);
  };
  options.resolve().then(
    (addresses) => {
      state.lost = false;
      if (!state.closed) become(state, addresses, options);
      settle();
    },
    (error: unknown) => {
      state.fault = error instanceof Error ? error.message : String(error);
      settle();
    },
  );
};

/** Addresses that stay keep their connections. */
const become = (state: State, addresses: readonly string[], options: ChannelOptions): void => {
  const before = new Map(state.endpoints.map((one) => [one.address, one]));
  state.endpoints = [...new Set(addresses)].map((address) => {
    const kept = before.get(address);
    before.delete(address);
    if (kept !== undefined) return kept;
    return makeEndpoint({
      ...options,
      address,
      onRoom: () => serve(state),
      onLoss: () => {
        state.lost = true;
        serve(state);
      },
    });
  });
  for (const gone of before.values()) gone.close();
};
