/**
 * The gRPC edge: bytes of a call in, one call of a handler, bytes out.
 *
 * @grpc/grpc-js speaks HTTP/2; this file owns the listening socket, the limits and the drain.
 */

import { type AddressInfo, createServer, type Server as NetServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  logVerbosity,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  setLogVerbosity,
} from "@grpc/grpc-js";
import { asEngineError, EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { cancel, makeScope, type Scope } from "../scope.ts";
import { type CallLimits, checkMetadata, makeAdmission } from "./grpc-admission.ts";
import { mostRefused, watchGrpcConnections } from "./grpc-connections.ts";
import { fail, statusOf } from "./grpc-errors.ts";
import type { Renewable, TlsMaterial } from "./tls.ts";

export type GrpcRequest = {
  readonly body: Buffer;
  readonly metadata: Metadata;
  /** The client's deadline in milliseconds since the epoch; undefined if it set none. */
  readonly deadlineAt: number | undefined;
  /** Ends when the client leaves or its deadline passes. */
  readonly scope: Scope;
  /** Sends metadata ahead of the answer. */
  sendInitial(metadata: Metadata): void;
};

export type GrpcAnswer = { readonly body: Buffer };
export type UnaryHandler = (request: GrpcRequest) => Promise<GrpcAnswer>;
export type ServerStream = ServerWritableStream<Buffer, Buffer>;
export type DuplexStream = ServerDuplexStream<Buffer, Buffer>;

/**
 * Answers a call whose messages stream. `stopping` ends when the server drains: a call that would
 * last as long as its client likes has to be ended then. What is thrown is the call's status.
 */
export type StreamHandler<Stream> = (call: Stream, stopping: Scope) => void;

/** What is served, by path. */
export type GrpcHandlers = {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  /** One request, many answers. */
  readonly serverStreams: ReadonlyMap<string, StreamHandler<ServerStream>>;
  readonly duplexStreams: ReadonlyMap<string, StreamHandler<DuplexStream>>;
};

type ConnectionLimits = Partial<Pick<Limits, "idleTimeoutMs" | "headerTimeoutMs">>;

export type GrpcServerOptions = GrpcHandlers & {
  /** 0 takes a free port. */
  readonly port: number;
  /** Address to listen on; all interfaces if absent. */
  readonly host?: string;
  readonly maxConnections: number;
  readonly maxMessageBytes: number;
  readonly limits?: CallLimits & ConnectionLimits;
  /** With a certificate the listener speaks TLS, and says so to clients that ask (ALPN h2). */
  readonly tls?: TlsMaterial;
};

export type GrpcServer = {
  readonly port: number;
  /** Where new certificates go; undefined without TLS. */
  readonly renewable: Renewable | undefined;
  /** Stops accepting and resolves when the last connection is closed. */
  drain(): Promise<void>;
  /** Closes everything at once. */
  close(): void;
};

/** Streams of one connection at once. */
const maxStreams = 1000;
/** The longest a silent client may take to answer whether it is still there. */
const pingTimeoutMs = 20_000;
/** The longest a timer can wait. */
const longestMs = 2 ** 31 - 1;

const same = (bytes: Buffer): Buffer => bytes;

/** Rejects with the system's error if it cannot listen. */
export const listenGrpc = async (options: GrpcServerOptions): Promise<GrpcServer> => {
  const { limits = {}, maxConnections } = options;
  setLogVerbosity(logVerbosity.NONE); // the library would print what clients send
  const server = new Server({
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_send_message_length": options.maxMessageBytes,
    "grpc.max_concurrent_streams": maxStreams,
    "grpc.enable_channelz": 0,
    ...(limits.idleTimeoutMs !== undefined && {
      "grpc.keepalive_time_ms": limits.idleTimeoutMs,
      "grpc.keepalive_timeout_ms": Math.min(pingTimeoutMs, limits.idleTimeoutMs),
    }),
  });
  const stopping = makeScope();
  register(server, options, stopping);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const connections = watchGrpcConnections(maxConnections, injector.injectConnection);
  const tlsServer =
    options.tls &&
    createTlsServer(
      {
        ...options.tls,
        ...(limits.headerTimeoutMs && { handshakeTimeout: limits.headerTimeoutMs }),
        ALPNProtocols: ["h2"],
        noDelay: true,
      },
      connections.accept,
    );
  const net = tlsServer ?? createServer({ noDelay: true, keepAlive: true }, connections.accept);
  net.maxConnections = maxConnections + mostRefused;
  await listen(net, options);
  return {
    port: (net.address() as AddressInfo).port, // a TCP server's address is an AddressInfo
    renewable: tlsServer,
    drain: () =>
      new Promise((resolve) => {
        net.close(() => resolve());
        cancel(stopping, new EngineError("CLIENT_GONE", "the server is stopping"));
        // The library's own shutdown does not wait for calls in work on injected connections.
        injector.drain(longestMs);
      }),
    close: () => {
      net.close();
      server.forceShutdown();
      connections.close();
    },
  };
};

const register = (server: Server, handlers: GrpcServerOptions, stopping: Scope): void => {
  const { limits = {} } = handlers;
  const admit = makeAdmission(limits);
  const stream = makeStream(limits, stopping);
  for (const [path, handler] of handlers.unary) {
    server.register(path, unary(admit(path, handler)), same, same, "unary");
  }
  for (const [path, handler] of handlers.serverStreams) {
    server.register(path, stream(handler), same, same, "serverStream");
  }
  for (const [path, handler] of handlers.duplexStreams) {
    server.register(path, stream(handler), same, same, "bidi");
  }
};

const listen = (server: NetServer, { port, host }: GrpcServerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }), backlog: 511 }, () => {
      server.off("error", reject);
      resolve();
    });
  });

const unary =
  (handler: UnaryHandler) =>
  (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const scope = makeScope();
    const deadlineAt = Number(call.getDeadline());
    call.on("cancelled", () => {
      cancel(
        scope,
        Date.now() < deadlineAt
          ? new EngineError("CLIENT_GONE", "the client gave the call up")
          : new EngineError("GRAPH_DEADLINE", "the client's deadline passed"),
      );
    });
    handler({
      body: call.request,
      metadata: call.metadata,
      deadlineAt: Number.isFinite(deadlineAt) ? deadlineAt : undefined,
      scope,
      sendInitial: (metadata) => call.sendMetadata(metadata),
    }).then(
      ({ body }) => callback(null, body),
      (thrown) => callback(statusOf(asEngineError(thrown))),
    );
  };

const makeStream =
  (limits: CallLimits, stopping: Scope) =>
  <Stream extends ServerStream | DuplexStream>(handler: StreamHandler<Stream>) =>
  (call: Stream): void => {
    try {
      checkMetadata(call.metadata, limits);
      handler(call, stopping);
    } catch (thrown) {
      fail(call, thrown);
    }
  };
