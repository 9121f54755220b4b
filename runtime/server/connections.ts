/**
 * What node:http leaves to its user about connections: too many of them, silent ones, malformed
 * requests, answers in their order when the rest is refused, and an orderly end.
 */
import type { IncomingMessage, Server } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { HttpAnswer } from "./http.ts";
import { refuse } from "./refuse.ts";

export type Connection = {
  readonly socket: Socket;
  /** The last request, until its body has been taken. */
  reading: IncomingMessage | undefined;
  /** Requests whose answers are not yet written. */
  inWork: number;
  /** Nothing that comes from now on is acted on. */
  refused: boolean;
  /** The request that was refused before its body had come. */
  givenUp: IncomingMessage | undefined;
  /** Says why, once the answers to earlier requests are written. */
  refusal: (() => void) | undefined;
  /** How many bytes had come when the last answer was written. */
  bytesBefore: number;
};

export type ConnectionsOptions = {
  readonly limits: Limits;
  readonly onError: (error: EngineError) => HttpAnswer;
  /** Connections come secured. */
  readonly secured: boolean;
};

export type Connections = {
  /** Undefined for one beyond the limit: whatever it asks for, its answer is on the way. */
  of(socket: Socket): Connection | undefined;
  /** To be called when an answer is written, or never will be. */
  endWork(connection: Connection, request: IncomingMessage): void;
  /** Stops accepting, closes connections that ask for nothing, the others once they are answered. */
  drain(): Promise<void>;
};

/** More connections than this beyond the limit are dropped without a word. */
const mostRefused = 1000;
/** How long a draining server waits for the head of a request that may be on its way. */
const headWaitMs = 2000;

export const watchConnections = (server: Server, options: ConnectionsOptions): Connections => {
  const { limits, onError, secured } = options;
  const all = new Map<unknown, Connection>();
  server.maxConnections = limits.maxConnections + mostRefused;
  // Over TLS the requests come on the secured socket, which "connection" does not show.
  server.on(secured ? "secureConnection" : "connection", (socket: Socket) => {
    if (all.size >= limits.maxConnections) {
      refuse(socket, onError(tooBusy("connections (--max_connections)", limits.maxConnections)));
      return;
    }
    all.set(socket, makeConnection(socket));
    socket.on("close", () => all.delete(socket));
  });
  server.on("timeout", (socket: Socket) => {
    const connection = all.get(socket);
    if (connection === undefined) socket.destroy();
    else onSilence(connection, options);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    const connection = all.get(socket);
    if (connection === undefined || error.code === "ECONNRESET") socket.destroy();
    else refuseRest(connection, onError(clientErrorOf(error, connection, limits)));
  });
  let draining = false;
  return {
    of: (socket) => all.get(socket),
    endWork: (connection, request) => {
      const { socket, reading } = connection;
      connection.inWork -= 1;
      connection.bytesBefore = socket.bytesRead;
      if (reading === request) connection.reading = undefined;
      refuseInTurn(connection);
      if (draining && connection.inWork === 0 && !connection.refused) socket.destroySoon();
    },
    drain: () => {
      draining = true;
      const closeIf = (isIdle: (connection: Connection) => boolean): void => {
        for (const one of all.values()) if (one.inWork === 0 && isIdle(one)) one.socket.destroy();
      };
      closeIf(({ socket, bytesBefore }) => socket.bytesRead === bytesBefore);
      const timer = setTimeout(() => closeIf(() => true), headWaitMs);
      return new Promise((resolve) => {
        // The close() of node:http would cut off answers that are written but not yet sent.
        NetServer.prototype.close.call(server, () => {
          clearTimeout(timer);
          server.close();
          resolve();
        });
      });
    },
  };
};

const makeConnection = (socket: Socket): Connection => ({
  socket,
  reading: undefined,
  inWork: 0,
  refused: false,
  givenUp: undefined,
  refusal: undefined,
  bytesBefore: socket.bytesRead,
});

export const tooBusy = (what: string, limit: number): EngineError =>
  new EngineError("TOO_BUSY", `more than ${limit} ${what}; try again later`);

/**
 * Reads no more from the connection: what was asked before is answered, then comes `answer`, and
 * the end. The request whose body is still coming, if any, is given up.
 */
export const refuseRest = (connection: Connection, answer: HttpAnswer): void => {
  if (connection.refused) return;
  const { socket, reading } = connection;
  connection.refused = true;
  connection.givenUp = isComing(reading) ? reading : undefined;
  connection.refusal = () => refuse(socket, answer, () => reading?.resume());
  refuseInTurn(connection);
};

const isComing = (request: IncomingMessage | undefined): boolean => request?.complete === false;

const refuseInTurn = (connection: Connection): void => {
  const { inWork, givenUp, refusal } = connection;
  if (inWork > (givenUp === undefined ? 0 : 1)) return;
  connection.refusal = undefined;
  refusal?.();
};

/** No byte was read or written for `--idle_timeout`. */
const onSilence = (connection: Connection, { limits, onError }: ConnectionsOptions): void => {
  const { socket, inWork, reading, refused } = connection;
  if (socket.writableLength > 0)
    socket.destroy(); // the client does not read its answer
  else if (refused) return;
  else if (isComing(reading)) refuseRest(connection, onError(tooSlow(limits)));
  else if (inWork === 0) socket.destroy();
};

const tooSlow = (limits: Limits): EngineError =>
  new EngineError(
    "REQUEST_TOO_SLOW",
    `no byte of the request's body came for ${limits.idleTimeoutMs} ms (--idle_timeout)`,
  );

const clientErrorOf = (
  error: NodeJS.ErrnoException,
  { reading }: Connection,
  limits: Limits,
): EngineError => {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return new EngineError(
        "HEADERS_TOO_LARGE",
        `the request's head is larger than ${limits.maxHeaderBytes} bytes (--max_header_bytes)`,
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new EngineError(
        "REQUEST_TOO_SLOW",
        !isComing(reading)
          ? `the request's head did not come within ${limits.headerTimeoutMs} ms (--header_timeout)`
          : "the request's body took too long to come",
      );
    default:
      return new EngineError("REQUEST_INVALID", `malformed HTTP request: ${error.message}`);
  }
};
