import { connect as connectSocket, type Socket } from "node:net";
import { EngineError } from "../errors.ts";
import type { HttpClientOptions } from "./http.ts";
import { type Finished, makeReplyReader, type ReplyReader } from "./reply-reader.ts";

export type Exchange = {
  done(finished: Finished): void;
  /** `unseen`: the host closed the connection before it took this request; it may be sent again. */
  failed(error: Error, unseen: boolean): void;
};

export type Connection = {
  /** Writes one request and reads its reply. Not to be called while another is under way. */
  exchange(head: string, body: Buffer | undefined, exchange: Exchange): void;
  /** False once the connection is closed or closing. */
  usable(): boolean;
  /** When the last exchange ended, in milliseconds of `performance.now()`. */
  idleSince(): number;
  /** Closes at once; an exchange under way hears nothing more. */
  destroy(): void;
};

/** Up to here head and body leave in one string, that is in one write: two cost a third more. */
const oneWriteBytes = 16_384;
const connectTimeoutMs = 30_000;
const keepAliveProbeMs = 30_000;
/** Longer than a reset takes to come back from a host in the same cluster. */
const resetWaitMs = 5;

/** All connections read into this buffer in turn: a reader copies what it keeps before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

type State = {
  current: { readonly exchange: Exchange; readonly reader: ReplyReader } | undefined;
  exchanges: number;
  idleSince: number;
  /** The host has closed its side; whether it took the request is being found out. */
  judged: boolean;
};

/** Opens a connection; requests may be written at once and leave when it is open. */
export const connect = (options: HttpClientOptions): Connection => {
  const state: State = {
    current: undefined,
    exchanges: 0,
    idleSince: performance.now(),
    judged: false,
  };
  const socket: Socket = connectSocket({
    host: options.host,
    port: options.port,
    ...(options.lookup !== undefined && { lookup: options.lookup }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMs,
    allowHalfOpen: true,
    onread: {
      buffer: readBuffer,
      callback: (length, buffer) => read(state, socket, bytes(length, buffer)),
    },
  });
  watch(state, socket, options);
  return {
    exchange: (head, body, exchange) => {
      state.current = { exchange, reader: makeReplyReader(options.limits) };
      state.exchanges += 1;
      write(socket, head, body);
    },
    usable: () => !socket.destroyed && socket.writable,
    idleSince: () => state.idleSince,
    destroy: () => {
      state.current = undefined;
      socket.destroy();
    },
  };
};

const bytes = (length: number, buffer: Uint8Array): Buffer =>
  Buffer.from(buffer.buffer, buffer.byteOffset, length);

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
const read = (state: State, socket: Socket, chunk: Buffer): boolean => {
  if (state.current === undefined) {
    socket.destroy(); // bytes that nobody asked for
    return false;
  }
  try {
    const finished = state.current.reader.read(chunk);
    if (finished !== undefined) finish(state, socket, finished);
  } catch (error) {
    fail(state, socket, error instanceof Error ? error : new Error(String(error)));
  }
  return !socket.destroyed;
};

const finish = (state: State, socket: Socket, { reply, reusable }: Finished): void => {
  const { current } = state;
  state.current = undefined;
  state.idleSince = performance.now();
  // A host that answers before it has read the request may never read the rest of it.
  current?.exchange.done({ reply, reusable: reusable && socket.writableLength === 0 });
};

const fail = (state: State, socket: Socket, error: Error, unseen = false): void => {
  const { current } = state;
  state.current = undefined;
  socket.destroy();
  current?.exchange.failed(error, unseen);
};

const watch = (state: State, socket: Socket, { deadlines }: HttpClientOptions): void => {
  const opening = deadlines.set(connectTimeoutMs, () =>
    fail(
      state,
      socket,
      new EngineError("NODE_UNREACHABLE", `no connection within ${connectTimeoutMs} ms`),
    ),
  );
  const wasKept = (): boolean => state.exchanges > 1 && state.current?.reader.started() === false;
  socket.on("connect", () => deadlines.clear(opening));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    // EPIPE: the host had closed before. A mere reset may come from one that took the request.
    fail(state, socket, error, wasKept() && (state.judged || error.code === "EPIPE"));
  });
  socket.on("end", () => {
    const finished = state.current?.reader.end();
    if (finished !== undefined) finish(state, socket, finished);
    else if (wasKept()) judge(state, socket);
    else fail(state, socket, closed());
  });
  socket.on("close", () => {
    deadlines.clear(opening);
    fail(state, socket, closed());
  });
};

const closed = (): Error => new Error("the connection was closed before the whole answer came");

/**
 * A kept connection was closed without a byte of the answer. Either the host took the request and
 * failed, or the request crossed with the closing of an idle connection. In the second case the
 * host's kernel resets the connection, since the request met a closed socket: a further write
 * fails then, and only then. Repeating is safe where no one has seen the request.
 */
const judge = (state: State, socket: Socket): void => {
  state.judged = true;
  const timer = setTimeout(() => {
    socket.write("\r\n", (error) => {
      if (error === null || error === undefined) fail(state, socket, closed());
    });
  }, resetWaitMs);
  socket.on("close", () => clearTimeout(timer));
};
