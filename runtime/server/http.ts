/**
 * The REST edge: bytes of a client in, one call of the handler, bytes out.
 *
 * A connection begins plain (`http1/plain.ts`): read by ourselves as long as it asks plainly, and
 * handed to Node's own parser (`http1/parsed.ts`) when it does not. One handler is behind both, and
 * on both there are limits on heads, bodies, connections and requests, an end for slow clients,
 * cancellation when a client leaves, and a drain.
 */
import type { Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Readable } from "node:stream";
import { settle } from "../done.ts";
import type { EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { createServer } from "../node-http.ts";
import type { Scope } from "../scope.ts";
import { makeWriteHead } from "./http1/answer-head.ts";
import { type Edge, requestTimeoutMs } from "./http1/edge.ts";
import { makeMembers } from "./http1/members.ts";
import { serveParsed } from "./http1/parsed.ts";
import { watchPlain } from "./http1/patience.ts";
import { openPlain, type PlainShared } from "./http1/plain.ts";
import { makeTicks } from "./http1/ticks.ts";
import type { Renewable, TlsMaterial } from "./tls.ts";

export type HttpRequest = {
  readonly method: string;
  /** The request target as it was sent: path and query. */
  readonly target: string;
  /** Names and values by turns, in the order and spelling in which they came. */
  readonly headers: readonly string[];
  /** Valid until the answer is given, if that is `poolable`. */
  readonly body: Buffer;
  /** The client's address; undefined if it has left. */
  readonly peer?: string | undefined;
  /** Ends when the client leaves. */
  readonly scope: Scope;
};

export type HttpAnswer = {
  readonly status: number;
  /** Names and values by turns. Content-Length, Date and Connection are added by the server. */
  readonly headers: readonly string[];
  readonly body: Buffer | string | undefined;
  /** Once the answer is out, nobody reads the request's body or `bodies` any more: their memory may be used again. */
  readonly poolable?: boolean;
  /** What else was taken from the pool for this request. */
  readonly bodies?: readonly Buffer[];
};

/** An answer that is passed on as it comes. One that breaks off is cut off, so that the client sees that it is not whole. */
export type HttpStream = {
  readonly status: number;
  readonly headers: readonly string[];
  readonly stream: Readable;
};

/** Takes the answer; any but the first is ignored. */
export type Respond = (answer: HttpAnswer | HttpStream) => void;

/** Calls `respond` once, now or later, or throws before it returns. */
export type Handler = (request: HttpRequest, respond: Respond) => void;

/** What answers in its own time, and throws EngineErrors. */
export type Answerer = (
  request: HttpRequest,
) => HttpAnswer | HttpStream | Promise<HttpAnswer | HttpStream>;

/** A handler that hands over what is returned; `onError` makes an answer of what is thrown. */
export const answering =
  (handle: Answerer, onError: (error: EngineError) => HttpAnswer): Handler =>
  (request, respond) =>
    settle(
      () => handle(request),
      (error, answer) => respond(error === undefined ? answer : onError(error)),
    );

export type HttpServerOptions = {
  readonly handler: Handler;
  /** Turns an error of the edge, or one that the handler threw, into an answer. */
  readonly onError: (error: EngineError) => HttpAnswer;
  readonly limits: Limits;
  /** 0 takes a free port. */
  readonly port: number;
  /** Address to listen on; all interfaces if absent. */
  readonly host?: string;
  /** With a certificate the listener speaks TLS. */
  readonly tls?: TlsMaterial;
  /** Targets that are answered however many requests are in work: what asks whether we live. */
  readonly isProbe?: (target: string) => boolean;
  /**
   * Sees each connection before a byte of it is read; `serve` makes it one of ours, at once or
   * later. Of a connection that speaks something else, only the end is waited for when draining.
   */
  readonly onConnection?: (socket: Socket, serve: () => void) => void;
};

export type HttpServer = {
  readonly port: number;
  /** Where new certificates go; undefined without TLS. */
  readonly renewable: Renewable | undefined;
  /**
   * Makes each answer from now on the last one on its connection: clients that are asking come back
   * on another one, and to another server if they may, before this one closes any.
   */
  retire(): void;
  /**
   * Stops accepting, lets requests in work end, and resolves when the last connection is closed.
   *
   * While there are connections, for `partingMs` at most, it only retires: a client that writes on an
   * idle connection as it is closed cannot know whether it was heard.
   */
  drain(partingMs?: number): Promise<void>;
  /** Closes everything at once. */
  close(): void;
};

/** Listens on `port`; rejects with the system's error if it cannot (EADDRINUSE, EACCES). */
export const listenHttp = async (options: HttpServerOptions): Promise<HttpServer> => {
  const server = makeServer(options);
  const edge: Edge = { options, inWork: 0, retiring: false, draining: false };
  const members = makeMembers(server, edge);
  const keepWatch = serveParsed(server, edge);
  const parse = takeListeners(server, options);
  const ticks = makeTicks(options.limits);
  const shared: PlainShared = {
    edge,
    ticks,
    writeHead: makeWriteHead(ticks, options.limits.idleTimeoutMs),
    all: new Set(),
    leave: (socket, unread) => {
      members.put(socket, keepWatch(socket, unread));
      parse(socket);
    },
  };
  watchPlain(shared);
  server.on("close", () => ticks.stop());
  const accept = (socket: Socket, adoptable: boolean): void => {
    if (!members.admit(socket)) return;
    const plain = openPlain(socket, shared, adoptable);
    members.put(plain.socket, plain);
  };
  const { onConnection } = options;
  server.on(connectionEvent(options), (socket: Socket) => {
    if (onConnection === undefined) accept(socket, true);
    else onConnection(socket, () => accept(socket, false));
  });
  try {
    await listen(server, options);
  } catch (error) {
    ticks.stop();
    throw error;
  }
  return {
    port: (server.address() as AddressInfo).port, // a TCP server's address is an AddressInfo
    renewable: isRenewable(server) ? server : undefined,
    retire: () => {
      edge.retiring = true;
    },
    drain: async (partingMs = 0) => {
      edge.retiring = true;
      if (partingMs > 0) await members.left(partingMs);
      edge.draining = true;
      await members.drain();
    },
    close: members.close,
  };
};

const makeServer = ({ limits, tls }: HttpServerOptions): Server => {
  const settings = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: Math.ceil(limits.headerTimeoutMs),
    requestTimeout: Math.max(requestTimeoutMs, Math.ceil(limits.headerTimeoutMs)),
    keepAliveTimeout: Math.ceil(limits.idleTimeoutMs),
    handshakeTimeout: Math.ceil(limits.headerTimeoutMs) || requestTimeoutMs,
    connectionsCheckingInterval: 1000,
    noDelay: true,
    highWaterMark: 65_536,
  };
  const server =
    tls === undefined ? createServer(settings) : createTlsServer({ ...settings, ...tls });
  server.maxHeadersCount = 0;
  server.timeout = limits.idleTimeoutMs;
  return server;
};

/** Over TLS the requests come on the secured socket. */
const connectionEvent = ({ tls }: HttpServerOptions): string =>
  tls === undefined ? "connection" : "secureConnection";

/** Takes what node:http does with a new connection out of its hands: to be done when it is wanted. */
const takeListeners = (server: Server, options: HttpServerOptions): ((socket: Socket) => void) => {
  const event = connectionEvent(options);
  const listeners = server.listeners(event);
  server.removeAllListeners(event);
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
};

const isRenewable = (server: object): server is Renewable => "setSecureContext" in server;

const listen = (server: Server, { port, host }: HttpServerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }), backlog: 511 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
