/**
 * What node:http leaves to its user about the connections that it reads: silent ones, malformed
 * requests, and answers in their order when the rest is refused.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { HttpAnswer } from "./http.ts";
import type { Edge } from "./http1/edge.ts";
import type { Member } from "./http1/members.ts";
import { bodyStopped, bodyTooSlow, headTooSlow } from "./http1/patience.ts";
import { refuse } from "./refuse.ts";

export type Connection = Member & {
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

export type Connections = {
  /** Begins to keep watch; the next `unread` bytes of the socket have been counted as come. */
  open(socket: Socket, unread: number): Connection;
  /** Undefined for one that is not open. */
  of(socket: Socket): Connection | undefined;
  /** To be called when an answer is written, or never will be. */
  endWork(connection: Connection, request: IncomingMessage): void;
};

export const watchConnections = (server: Server, edge: Edge): Connections => {
  const { limits, onError } = edge.options;
  const all = new Map<unknown, Connection>();
  server.on("timeout", (socket: Socket) => {
    const connection = all.get(socket);
    if (connection === undefined) socket.destroy();
    else onSilence(connection, edge);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    const connection = all.get(socket);
    if (connection === undefined || error.code === "ECONNRESET") socket.destroy();
    else refuseRest(connection, onError(clientErrorOf(error, connection, limits)));
  });
  return {
    open: (socket, unread) => {
      const connection = makeConnection(socket, unread);
      all.set(socket, connection);
      socket.on("close", () => all.delete(socket));
      return connection;
    },
    of: (socket) => all.get(socket),
    endWork: (connection, request) => {
      const { socket, reading } = connection;
      connection.inWork -= 1;
      connection.bytesBefore = socket.bytesRead;
      if (reading === request) connection.reading = undefined;
      refuseInTurn(connection);
      if (edge.draining && connection.inWork === 0 && !connection.refused) socket.destroySoon();
    },
  };
};

const makeConnection = (socket: Socket, unread: number): Connection => {
  const connection: Connection = {
    socket,
    reading: undefined,
    inWork: 0,
    refused: false,
    givenUp: undefined,
    refusal: undefined,
    bytesBefore: socket.bytesRead - unread,
    isBusy: () => connection.inWork > 0,
    isIdle: () => socket.bytesRead === connection.bytesBefore,
  };
  return connection;
};

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
const onSilence = (connection: Connection, { options }: Edge): void => {
  const { limits, onError } = options;
  const { socket, inWork, reading, refused } = connection;
  if (socket.writableLength > 0)
    socket.destroy(); // the client does not read its answer
  else if (refused) return;
  else if (isComing(reading)) refuseRest(connection, onError(bodyStopped(limits)));
  else if (inWork === 0) socket.destroy();
};

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
      return isComing(reading) ? bodyTooSlow() : headTooSlow(limits);
    default:
      return new EngineError("REQUEST_INVALID", `malformed HTTP request: ${error.message}`);
  }
};
