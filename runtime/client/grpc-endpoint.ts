/** Connections to one address: one as a rule, more while the peer takes no more calls on it. */
import { connect as connectSocket, type Socket } from "node:net";
import { readingInto } from "../adopt.ts";
import type { Deadlines } from "../deadlines.ts";
import { connectHttp2 } from "../http2/client.ts";
import type { Http2Client, Http2Limits } from "../http2/types.ts";

export type Link = { readonly http2: Http2Client };

export type EndpointOptions = {
  readonly address: string;
  readonly port: number;
  readonly deadlines: Deadlines;
  readonly limits: Partial<Http2Limits>;
  /** There is room for calls that was not there before. */
  onRoom(): void;
  /** A connection is gone, or could not be made. */
  onLoss(): void;
};

export type Endpoint = {
  readonly address: string;
  /** A connection with room for a call. Without one it is made, unless it just could not be. */
  take(): Link | undefined;
  /** Waiting makes sense: a connection is being made, or there is one without room. */
  isHopeful(): boolean;
  /** Why there was no connection the last time. */
  fault(): string;
  /** Takes no more calls; those in work go on. */
  close(): void;
};

const mostLinks = 10;
const connectTimeoutMs = 20_000;
const keepAliveProbeMs = 30_000;
/** A container that comes back is found again within a second. */
const firstPauseMs = 100;
const longestPauseMs = 1000;
const pauseGrowth = 1.6;

type State = {
  readonly links: Link[];
  opening: Socket | undefined;
  closed: boolean;
  fault: string;
  pauseMs: number;
  /** Of `performance.now()`. */
  retryAt: number;
};

export const makeEndpoint = (options: EndpointOptions): Endpoint => {
  const state: State = {
    links: [],
    opening: undefined,
    closed: false,
    fault: "no connection yet",
    pauseMs: firstPauseMs,
    retryAt: 0,
  };
  return {
    address: options.address,
    take: () => {
      for (const link of state.links) if (link.http2.readiness() === "ready") return link;
      const may = state.opening === undefined && !state.closed && state.links.length < mostLinks;
      if (may && performance.now() >= state.retryAt) open(state, options);
      return undefined;
    },
    isHopeful: () => state.opening !== undefined || state.links.length > 0,
    fault: () => state.fault,
    close: () => {
      state.closed = true;
      state.opening?.destroy();
      for (const { http2 } of state.links.splice(0)) http2.goAway();
    },
  };
};

/**
 * A connection counts from the peer's first word on: then it is known how many calls it may carry,
 * and that it is HTTP/2 that is spoken there.
 */
const open = (state: State, options: EndpointOptions): void => {
  const { address: host, port, deadlines } = options;
  let take: (bytes: Buffer) => boolean = () => true;
  const socket: Socket = connectSocket({
    host,
    port,
    onread: readingInto((bytes) => {
      take(bytes);
      if (!isOpen) begin();
      return !socket.destroyed;
    }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMs,
  });
  state.opening = socket;
  const timeout = deadlines.set(connectTimeoutMs, () =>
    socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
  );
  const opened = (): void => {
    deadlines.clear(timeout);
    state.opening = undefined;
  };
  const forget = (): void => {
    const at = state.links.indexOf(link);
    if (at >= 0) state.links.splice(at, 1);
  };
  let isAccepted = false;
  let isOpen = false;
  socket.once("connect", () => {
    isAccepted = true;
  });
  const http2 = connectHttp2(socket, {
    deadlines,
    limits: options.limits,
    onBytes: (taker) => {
      take = taker;
    },
    onRoom: options.onRoom,
    onDraining: () => {
      forget();
      options.onLoss();
    },
    onClosed: ({ reason }) => {
      forget();
      if (!isOpen) {
        // What accepts a connection for something that is just going away has another at hand.
        const isFirst = isAccepted && state.pauseMs === firstPauseMs;
        opened();
        fail(state, reason);
        if (isFirst) state.retryAt = 0;
      }
      options.onLoss();
    },
  });
  const link: Link = { http2 };
  const begin = (): void => {
    if (http2.readiness() === "over") return;
    opened();
    isOpen = true;
    state.pauseMs = firstPauseMs;
    state.links.push(link);
    options.onRoom();
  };
};

/** Not to be tried again for a while, longer each time; by chance, so that engines do not march in step. */
const fail = (state: State, why: string): void => {
  state.fault = why;
  state.retryAt = performance.now() + state.pauseMs * (0.8 + 0.4 * Math.random());
  state.pauseMs = Math.min(longestPauseMs, state.pauseMs * pauseGrowth);
};
