import { connect as connectSocket, type Socket } from "node:net";
import type { Deadlines } from "../deadlines.ts";
import { EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Addresses } from "./addresses.ts";
import { type Finished, makeReplyReader, type ReplyReader } from "./reply-reader.ts";

/** Hears what came of the exchanges on one connection, one after the other. */
export type Listener = {
  finished(finished: Finished): void;
  /** `unseen`: no one took this request; it may be sent again. The connection is closed. */
  failed(error: Error, unseen: boolean): void;
};

export type ConnectionOptions = {
  readonly host: string;
  readonly port: number;
  /** Undefined if the host is an address. */
  readonly addresses: Addresses | undefined;
  readonly limits: Limits;
  readonly deadlines: Deadlines;
};

export type Connection = {
  /** Writes one request and reads its reply. Not to be called while another is under way. */
  exchange(head: string, body: Buffer | undefined): void;
  /** False once the connection is closed or closing, or the host is not at its address any more. */
  usable(): boolean;
  /** When the last exchange ended, in milliseconds of `performance.now()`. */
  idleSince(): number;
  /** Closes at once; an exchange under way hears nothing more, and its body is not read any more. */
  destroy(): void;
};

/** Up to here head and body leave in one string, that is in one write: two cost a third more. */
const oneWriteBytes = 16_384;
const connectTimeoutMs = 30_000;
const keepAliveProbeMs = 30_000;
/** All addresses that the lookup finds are tried, each but the last for so long. */
const inTurn = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 250 };
/** Longer than a reset takes to come back from a host in the same cluster. */
const resetWaitMs = 5;

/** All connections read into this buffer in turn: a reader copies what it keeps before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

type State = {
  readonly socket: Socket;
  readonly reader: ReplyReader;
  readonly listener: Listener;
  readonly addresses: Addresses | undefined;
  readonly begunAt: number;
  /** An exchange is under way. */
  busy: boolean;
  exchanges: number;
  idleSince: number;
  /** Where it is connected to, or tries to. */
  address: string;
  /** The host has closed its side; whether it took the request is being found out. */
  judged: boolean;
};

/**
 * Opens a connection; requests may be written at once and leave when it is open. A name's addresses
 * are tried in turn.
 */
export const connect = (options: ConnectionOptions, listener: Listener): Connection => {
  const { host, port, addresses, limits } = options;
  const begunAt = performance.now();
  const socket = connectSocket({
    host,
    port,
    ...(addresses !== undefined && { ...inTurn, lookup: addresses.lookup }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMs,
    allowHalfOpen: true,
    onread: { buffer: readBuffer, callback: (length) => read(state, length) },
  });
  const state: State = {
    socket,
    reader: makeReplyReader(limits),
    listener,
    addresses,
    begunAt,
    busy: false,
    exchanges: 0,
    idleSince: begunAt,
    address: "",
    judged: false,
  };
  watch(state);
  watchOpening(state, options);
  return {
    exchange: (head, body) => {
      state.busy = true;
      state.exchanges += 1;
      write(socket, head, body);
    },
    usable: () => !socket.destroyed && socket.writable && addresses?.has(state.address) !== false,
    idleSince: () => state.idleSince,
    destroy: () => close(state),
  };
};

const write = (socket: Socket, head: string, body: Buffer | undefined): void => {
  if (body === undefined || body.length === 0) {
    socket.write(head, "latin1");
  } else if (body.length <= oneWriteBytes) {
    socket.write(head + body.toString("latin1"), "latin1");
  } else {
    socket.cork();
    socket.write(head, "latin1");
    socket.write(body);
    socket.uncork();
  }
};

/** Answers whether to go on reading. */
const read = (state: State, length: number): boolean => {
  const { socket, reader } = state;
  if (!state.busy) {
    socket.destroy(); // bytes that nobody asked for
    return false;
  }
  let finished: Finished | undefined;
  try {
    finished = reader.read(readBuffer, length);
  } catch (error) {
    fail(state, error instanceof Error ? error : new Error(String(error)), false);
  }
  if (finished !== undefined) finish(state, finished);
  return !socket.destroyed;
};

const finish = (state: State, { reply, reusable }: Finished): void => {
  state.busy = false;
  state.idleSince = performance.now();
  // A host that answers before it has read the request may never read the rest of it.
  state.listener.finished({ reply, reusable: reusable && state.socket.writableLength === 0 });
};

const fail = (state: State, error: Error, unseen: boolean): void => {
  const { busy } = state;
  close(state);
  if (busy) state.listener.failed(error, unseen);
};

const close = (state: State): void => {
  state.busy = false;
  state.reader.drop();
  state.socket.destroy();
};

/** Until the connection is open. */
const watchOpening = (state: State, { deadlines }: ConnectionOptions): void => {
  const { socket, addresses } = state;
  const opening = deadlines.set(connectTimeoutMs, () => {
    const why = `no connection within ${connectTimeoutMs} ms`;
    fail(state, new EngineError("NODE_UNREACHABLE", why), false);
  });
  const opened = (): void => deadlines.clear(opening);
  socket.on("connect", opened);
  socket.on("close", opened);
  if (addresses === undefined) return;
  socket.on("connectionAttempt", (address: string) => {
    state.address = address;
  });
  const refused = (address: string): void => addresses.mark(address, false);
  socket.on("connectionAttemptFailed", refused);
  socket.on("connectionAttemptTimeout", refused);
  socket.on("connect", () => addresses.mark(state.address, true));
};

const watch = (state: State): void => {
  const { socket, reader } = state;
  let connected = false;
  const wasKept = (): boolean => state.exchanges > 1 && state.busy && !reader.started();
  socket.on("connect", () => {
    connected = true;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    // EPIPE: the host had closed before. A mere reset may come from one that took the request.
    const unseen = connected
      ? wasKept() && (state.judged || error.code === "EPIPE")
      : state.addresses?.distrust(state.begunAt) === true;
    fail(state, error, unseen);
  });
  socket.on("end", () => {
    const finished = state.busy ? reader.end() : undefined;
    if (finished !== undefined) finish(state, finished);
    else if (wasKept()) judge(state);
    else fail(state, closed(), false);
  });
  socket.on("close", () => {
    if (!connected) state.addresses?.distrust(state.begunAt);
    fail(state, closed(), false);
  });
};

const closed = (): Error => new Error("the connection was closed before the whole answer came");

/**
 * A kept connection was closed without a byte of the answer. Either the host took the request and
 * failed, or the request crossed with the closing of an idle connection. In the second case the
 * host's kernel resets the connection, since the request met a closed socket: a further write
 * fails then, and only then. Repeating is safe where no one has seen the request.
 */
const judge = (state: State): void => {
  const { socket } = state;
  state.judged = true;
  const timer = setTimeout(() => {
    socket.write("\r\n", (error) => {
      if (error === null || error === undefined) fail(state, closed(), false);
    });
  }, resetWaitMs);
  socket.on("close", () => clearTimeout(timer));
};
