import { connect as connectSocket, type Socket } from "node:net";
import { EngineError } from "../errors.ts";
import type { HttpClientOptions } from "./http.ts";
import { type Finished, makeReplyReader, type ReplyReader } from "./reply-reader.ts";

export type Exchange = {
  done(finished: Finished): void;
  /** `stale`: the connection was closed before a byte of the answer came. */
  failed(error: Error, stale: boolean): void;
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

/** All connections read into this buffer in turn: a reader copies what it keeps before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** Opens a connection; requests may be written at once and leave when it is open. */
export const connect = ({ host, port, limits, deadlines }: HttpClientOptions): Connection => {
  let current: { readonly exchange: Exchange; readonly reader: ReplyReader } | undefined;
  let idleSince = performance.now();

  const fail = (error: Error): void => {
    socket.destroy();
    const failed = current;
    current = undefined;
    failed?.exchange.failed(error, !failed.reader.started);
  };

  const finish = (finished: Finished): void => {
    const done = current;
    current = undefined;
    idleSince = performance.now();
    done?.exchange.done(finished);
  };

  const onRead = (length: number, buffer: Uint8Array): boolean => {
    if (current === undefined) {
      socket.destroy(); // bytes that nobody asked for
      return false;
    }
    try {
      const finished = current.reader.read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
      if (finished !== undefined) finish(finished);
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
    return !socket.destroyed;
  };

  const socket: Socket = connectSocket({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMs,
    onread: { buffer: readBuffer, callback: onRead },
  });
  const opening = deadlines.set(connectTimeoutMs, () =>
    fail(new EngineError("NODE_UNREACHABLE", `no connection within ${connectTimeoutMs} ms`)),
  );
  socket.on("connect", () => deadlines.clear(opening));
  socket.on("error", fail);
  socket.on("end", () => {
    const finished = current?.reader.end();
    if (finished === undefined)
      fail(new Error("the connection was closed before the whole answer came"));
    else finish(finished);
  });
  socket.on("close", () => {
    deadlines.clear(opening);
    fail(new Error("the connection was closed"));
  });

  return {
    exchange: (head, body, exchange) => {
      current = { exchange, reader: makeReplyReader(limits) };
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
    },
    usable: () => !socket.destroyed && socket.writable,
    idleSince: () => idleSince,
    destroy: () => {
      current = undefined;
      socket.destroy();
    },
  };
};
