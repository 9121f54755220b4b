/**
 * The REST edge: bytes of a client in, one call of the handler, bytes out.
 *
 * node:http reads the requests; this file adds what it leaves open: limits on bodies, connections
 * and requests, an end for slow clients, cancellation when a client leaves, and a drain.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { pipeline, type Readable } from "node:stream";
import { settle } from "../done.ts";
import { asEngineError, EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { cancel, makeScope, type Scope } from "../scope.ts";
import { readBody } from "./body.ts";
import { type Connections, refuseRest, tooBusy, watchConnections } from "./connections.ts";
import type { Renewable, TlsMaterial } from "./tls.ts";

export type HttpRequest = {
  readonly method: string;
  /** The request target as it was sent: path and query. */
  readonly target: string;
  /** Names and values by turns, in the order and spelling in which they came. */
  readonly headers: readonly string[];
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
};

/** An answer that is passed on as it comes. One that breaks off is cut off, so that the client sees that it is not whole. */
export type HttpStream = {
  readonly status: number;
  readonly headers: readonly string[];
  readonly stream: Readable;
};

/** Takes the answer; to be called once. */
export type Respond = (answer: HttpAnswer | HttpStream) => void;

/** May throw an EngineError before it has answered. */
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
  /** Stops accepting, lets requests in work end, and resolves when the last connection is closed. */
  drain(): Promise<void>;
  /** Closes everything at once. */
  close(): void;
};

/** The longest time a client may take to send one whole request, however large. */
const requestTimeoutMs = 600_000;
const shortBytes = 65_536;

type Edge = {
  readonly options: HttpServerOptions;
  readonly connections: Connections;
  inWork: number;
  /** Answers say that they are the last ones on their connections. */
  retiring: boolean;
};

/** Listens on `port`; rejects with the system's error if it cannot (EADDRINUSE, EACCES). */
export const listenHttp = async (options: HttpServerOptions): Promise<HttpServer> => {
  const { limits } = options;
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
  const tlsServer = options.tls && createTlsServer({ ...settings, ...options.tls });
  const server = tlsServer ?? createServer(settings);
  server.maxHeadersCount = 0;
  server.timeout = limits.idleTimeoutMs;
  const connections = watchConnections(server, {
    ...options,
    secured: tlsServer !== undefined,
  });
  if (options.onConnection !== undefined) showFirst(server, options.onConnection, options);
  const edge: Edge = { options, connections, inWork: 0, retiring: false };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(edge, request, response);
  };
  server.on("request", onRequest);
  // An Expect header is judged when the body is read: one that is too large is refused unsent.
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);

  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port, // a TCP server's address is an AddressInfo
    renewable: tlsServer,
    retire: () => {
      edge.retiring = true;
    },
    drain: () => {
      edge.retiring = true;
      return connections.drain();
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

/** Puts `look` in front of everything that listens for connections. */
const showFirst = (
  server: Server,
  look: NonNullable<HttpServerOptions["onConnection"]>,
  { tls }: HttpServerOptions,
): void => {
  const event = tls === undefined ? "connection" : "secureConnection";
  const listeners = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    look(socket, () => {
      for (const listener of listeners) listener.call(server, socket);
    });
  });
};

const serve = async (
  edge: Edge,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { handler, onError, limits } = edge.options;
  const connection = edge.connections.of(request.socket);
  if (connection === undefined || connection.refused) {
    request.resume();
    return;
  }
  const scope = makeScope();
  connection.inWork += 1;
  connection.reading = request;
  edge.inWork += 1;
  response.on("close", () => {
    edge.inWork -= 1;
    edge.connections.endWork(connection, request);
    if (!response.writableFinished) {
      cancel(scope, new EngineError("CLIENT_GONE", "the client closed the connection"));
    }
  });
  try {
    admit(edge, request);
    const body = await readBody(request, response, limits.maxBodyBytes);
    if (connection.givenUp === request) return;
    if (connection.reading === request) connection.reading = undefined;
    handler(
      {
        method: request.method ?? "GET",
        target: request.url ?? "/",
        headers: request.rawHeaders,
        body,
        peer: request.socket.remoteAddress,
        scope,
      },
      (answer) => send(response, answer, edge.retiring),
    );
  } catch (thrown) {
    const error = asEngineError(thrown);
    if (error.code === "CLIENT_GONE") response.destroy();
    else if (request.complete || isShort(request)) send(response, onError(error), edge.retiring);
    else refuseRest(connection, onError(error));
  }
};

/** @throws {EngineError} TOO_BUSY */
const admit = ({ inWork, options }: Edge, request: IncomingMessage): void => {
  const { maxConcurrentRequests: most } = options.limits;
  if (most === 0 || inWork <= most || options.isProbe?.(request.url ?? "/")) return;
  throw tooBusy("requests at once (--max_concurrent_requests)", most);
};

/** The rest of the body is so little that reading it costs less than a new connection. */
const isShort = ({ headers }: IncomingMessage): boolean =>
  headers.expect === undefined && Number(headers["content-length"]) <= shortBytes;

const listen = (server: Server, { port, host }: HttpServerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }), backlog: 511 }, () => {
      server.off("error", reject);
      resolve();
    });
  });

const send = (
  response: ServerResponse,
  answer: HttpAnswer | HttpStream,
  retiring: boolean,
): void => {
  const headers = answer.headers.slice();
  if (retiring) headers.push("Connection", "close");
  if ("stream" in answer) {
    if (!response.destroyed) response.writeHead(answer.status, headers).flushHeaders();
    pipeline(answer.stream, response, () => {}); // either end's failure ends the other
    return;
  }
  if (response.destroyed) return;
  const { status } = answer;
  // Beside a text, node:http would write the headers in its encoding, and odd bytes in them twice.
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  const bodiless = status === 204 || status === 304;
  if (!bodiless) headers.push("Content-Length", String(body?.length ?? 0));
  response.writeHead(status, headers);
  if (bodiless || body === undefined) response.end();
  else response.end(body);
};
