/**
 * The gRPC edge: bytes of a call in, one call of a handler, bytes out.
 *
 * @grpc/grpc-js speaks HTTP/2; this file owns the listening socket, and so the limit on
 * connections, and the drain.
 */

import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { asEngineError, EngineError, errorTable } from "../errors.ts";
import { grpcCodes } from "../grpc-status.ts";
import { cancel, makeScope, type Scope } from "../scope.ts";
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

/** What is served, by path. */
export type GrpcHandlers = {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  /** One request, many answers. */
  readonly serverStreams: ReadonlyMap<string, (call: ServerStream) => void>;
  readonly duplexStreams: ReadonlyMap<string, (call: DuplexStream) => void>;
};

export type GrpcServerOptions = GrpcHandlers & {
  /** 0 takes a free port. */
  readonly port: number;
  /** Address to listen on; all interfaces if absent. */
  readonly host?: string;
  readonly maxConnections: number;
  readonly maxMessageBytes: number;
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

const same = (bytes: Buffer): Buffer => bytes;

/** Rejects with the system's error if it cannot listen. */
export const listenGrpc = async (options: GrpcServerOptions): Promise<GrpcServer> => {
  const server = new Server({
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_send_message_length": options.maxMessageBytes,
    "grpc.max_concurrent_streams": maxStreams,
  });
  for (const [path, handler] of options.unary) {
    server.register(path, unary(handler), same, same, "unary");
  }
  for (const [path, handler] of options.serverStreams) {
    server.register(path, handler, same, same, "serverStream");
  }
  for (const [path, handler] of options.duplexStreams) {
    server.register(path, handler, same, same, "bidi");
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const connections = new Set<Socket>();
  const accept = (socket: Socket): void => {
    if (connections.size >= options.maxConnections) {
      socket.destroy();
      return;
    }
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", () => socket.destroy());
    injector.injectConnection(socket);
  };
  const tlsServer =
    options.tls &&
    createTlsServer({ ...options.tls, ALPNProtocols: ["h2"], noDelay: true }, accept);
  const net = tlsServer ?? createServer({ noDelay: true, keepAlive: true }, accept);
  await listen(net, options);
  return {
    port: (net.address() as AddressInfo).port, // a TCP server's address is an AddressInfo
    renewable: tlsServer,
    drain: () =>
      new Promise((resolve) => {
        net.close(() => resolve());
        server.tryShutdown(() => {
          for (const socket of connections) socket.end();
        });
      }),
    close: () => {
      net.close();
      server.forceShutdown();
      for (const socket of connections) socket.destroy();
    },
  };
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
    call.on("cancelled", () => {
      cancel(scope, new EngineError("CLIENT_GONE", "the client gave the call up"));
    });
    const deadlineAt = Number(call.getDeadline());
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

/** A node's status as it came; an engine's own by the table. Source: engine contract, 4.4. */
export const statusOf = (
  error: EngineError,
): { code: number; details: string; metadata: Metadata } => {
  const metadata = new Metadata();
  if (error.grpc === undefined) {
    return { code: grpcCodes[errorTable[error.code].grpc], details: error.message, metadata };
  }
  const { code, details, rich } = error.grpc;
  if (rich !== undefined) metadata.set("grpc-status-details-bin", rich);
  return { code, details, metadata };
};
