/**
 * The REST edge: bytes of a client in, one call of the handler, bytes out.
 *
 * node:http reads the requests; this file adds what it leaves open: limits on bodies, connections
 * and requests, an end for slow clients, cancellation when a client leaves, and a drain.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { asEngineError, EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { cancel, makeScope, type Scope } from "../scope.ts";
import { readBody } from "./body.ts";
import { refuse } from "./refuse.ts";
import type { Renewable, TlsMaterial } from "./tls.ts";

export type HttpRequest = {
  readonly method: string;
  /** The request target as it was sent: path and query. */
  readonly target: string;
  /** Names and values by turns, in the order and spelling in which they came. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Ends when the client leaves. */
  readonly scope: Scope;
};

export type HttpAnswer = {
  readonly status: number;
  /** Names and values by turns. Content-Length, Date and Connection are added by the server. */
  readonly headers: readonly string[];
  readonly body: Buffer | string | undefined;
};

export type Handler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

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
};

export type HttpServer = {
  readonly port: number;
  /** Where new certificates go; undefined without TLS. */
  readonly renewable: Renewable | undefined;
  /** Stops accepting, lets requests in work end, and resolves when the last connection is closed. */
  drain(): Promise<void>;
  /** Closes everything at once. */
  close(): void;
};

/** The longest time a client may take to send one whole request, however large. */
const requestTimeoutMs = 600_000;

type Connection = { reading: Set<IncomingMessage>; inWork: number };

type Edge = {
  readonly options: HttpServerOptions;
  readonly connections: Map<Duplex, Connection>;
  inWork: number;
  draining: boolean;
};

/** Listens on `port`; rejects with the system's error if it cannot (EADDRINUSE, EACCES). */
export const listenHttp = async (options: HttpServerOptions): Promise<HttpServer> => {
  const { limits } = options;
  const edge: Edge = { options, connections: new Map(), inWork: 0, draining: false };
  const settings = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headerTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: 1000,
    noDelay: true,
    highWaterMark: 65_536,
  };
  const tlsServer = options.tls && createTlsServer({ ...settings, ...options.tls });
  const server = tlsServer ?? createServer(settings);
  server.maxHeadersCount = 0;
  server.timeout = limits.idleTimeoutMs;

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(edge, request, response);
  };
  server.on("request", onRequest);
  // An Expect header is judged when the body is read: one that is too large is refused unsent.
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);
  watchConnections(edge, server);

  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port, // a TCP server's address is an AddressInfo
    renewable: tlsServer,
    drain: () => {
      edge.draining = true;
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const serve = async (
  edge: Edge,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { handler, onError, limits } = edge.options;
  const connection = edge.connections.get(request.socket) ?? { reading: new Set(), inWork: 0 };
  const scope = makeScope();
  connection.inWork += 1;
  edge.inWork += 1;
  response.on("close", () => {
    connection.inWork -= 1;
    edge.inWork -= 1;
    connection.reading.delete(request);
    if (!response.writableFinished) {
      cancel(scope, new EngineError("CLIENT_GONE", "the client closed the connection"));
    }
  });
  try {
    if (limits.maxConcurrentRequests > 0 && edge.inWork > limits.maxConcurrentRequests) {
      throw tooBusy("requests at once (--max_concurrent_requests)", limits.maxConcurrentRequests);
    }
    connection.reading.add(request);
    const body = await readBody(request, response, limits.maxBodyBytes);
    connection.reading.delete(request);
    const answer = await handler({
      method: request.method ?? "GET",
      target: request.url ?? "/",
      headers: request.rawHeaders,
      body,
      scope,
    });
    send(response, answer, edge.draining);
  } catch (thrown) {
    const error = asEngineError(thrown);
    if (error.code === "CLIENT_GONE") response.destroy();
    else if (request.complete) send(response, onError(error), edge.draining);
    else refuse(request.socket, onError(error), () => request.resume());
  }
};

/** What node:http leaves to its user: too many connections, silent ones, malformed requests. */
const watchConnections = ({ options, connections }: Edge, server: Server): void => {
  const { limits, onError } = options;
  // Over TLS the requests come on the secured socket, which "connection" does not show.
  server.on(options.tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    if (connections.size >= limits.maxConnections) {
      refuse(socket, onError(tooBusy("connections (--max_connections)", limits.maxConnections)));
      return;
    }
    connections.set(socket, { reading: new Set(), inWork: 0 });
    socket.on("close", () => connections.delete(socket));
  });
  server.on("timeout", (socket: Socket) => {
    const connection = connections.get(socket);
    if (connection === undefined) socket.destroy();
    else if (connection.reading.size > 0) refuse(socket, onError(tooSlow(limits)));
    else if (connection.inWork === 0 || socket.writableLength > 0) socket.destroy();
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    const connection = connections.get(socket);
    const answering = connection !== undefined && connection.inWork > connection.reading.size;
    if (answering || error.code === "ECONNRESET") socket.destroy();
    else refuse(socket, onError(clientErrorOf(error, limits)));
  });
};

const tooBusy = (what: string, limit: number): EngineError =>
  new EngineError("TOO_BUSY", `more than ${limit} ${what}; try again later`);

const listen = (server: Server, { port, host }: HttpServerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }), backlog: 511 }, () => {
      server.off("error", reject);
      resolve();
    });
  });

const send = (response: ServerResponse, answer: HttpAnswer, draining: boolean): void => {
  if (response.destroyed) return;
  const { status, body } = answer;
  const bodiless = status === 204 || status === 304;
  const headers = answer.headers.slice();
  if (!bodiless) headers.push("Content-Length", String(body === undefined ? 0 : byteLength(body)));
  if (draining) headers.push("Connection", "close");
  response.writeHead(status, headers);
  if (bodiless || body === undefined) response.end();
  else response.end(body);
};

const byteLength = (body: Buffer | string): number => Buffer.byteLength(body);

const tooSlow = (limits: Limits): EngineError =>
  new EngineError(
    "REQUEST_TOO_SLOW",
    `no byte of the request's body came for ${limits.idleTimeoutMs} ms`,
  );

const clientErrorOf = (error: NodeJS.ErrnoException, limits: Limits): EngineError => {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return new EngineError(
        "HEADERS_TOO_LARGE",
        `the request's head is larger than ${limits.maxHeaderBytes} bytes (--max_header_bytes)`,
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new EngineError(
        "REQUEST_TOO_SLOW",
        `the request's head did not come within ${limits.headerTimeoutMs} ms (--header_timeout)`,
      );
    default:
      return new EngineError("REQUEST_INVALID", `malformed HTTP request: ${error.message}`);
  }
};
