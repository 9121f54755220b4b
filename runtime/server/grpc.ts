/**
 * The gRPC edge: bytes of a call in, one call of a handler, bytes out.
 *
 * `runtime/http2` speaks HTTP/2; this file owns the listening socket, the limits and the drain.
 */

import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { makeDeadlines } from "../deadlines.ts";
import { EngineError } from "../errors.ts";
import { grpcCodes } from "../grpc-status.ts";
import { serveHttp2 } from "../http2/server.ts";
import type { Http2Connection, Http2Limits, Stream } from "../http2/types.ts";
import type { Limits } from "../limits.ts";
import { cancel, makeScope, type Scope } from "../scope.ts";
import { type CallLimits, checkMetadata, makeAdmission } from "./grpc-admission.ts";
import { refuseOther, sendOnlyStatus } from "./grpc-answer.ts";
import type { GrpcHandlers } from "./grpc-call.ts";
import { mostRefused, watchGrpcConnections } from "./grpc-connections.ts";
import { ofOneRequest, takeDuplex } from "./grpc-duplex.ts";
import { statusOf } from "./grpc-errors.ts";
import { type Head, readHead } from "./grpc-head.ts";
import { type CallMeans, takeUnary } from "./grpc-unary.ts";
import type { Renewable, TlsMaterial } from "./tls.ts";

type ConnectionLimits = Partial<
  Pick<Limits, "idleTimeoutMs" | "headerTimeoutMs" | "maxDecompressedBytes">
>;

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

/** Rejects with the system's error if it cannot listen. */
export const listenGrpc = async (options: GrpcServerOptions): Promise<GrpcServer> => {
  const { limits = {}, maxConnections } = options;
  const stopping = makeScope();
  const open = new Set<Http2Connection>();
  const serve = makeServe(options, stopping, open);
  const connections = watchGrpcConnections(maxConnections, serve);
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
        for (const connection of open) connection.goAway();
      }),
    close: () => {
      net.close();
      for (const connection of open) connection.destroy();
      connections.close();
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

/** Speaks HTTP/2 on connections, and keeps them in `open`. */
const makeServe = (
  options: GrpcServerOptions,
  stopping: Scope,
  open: Set<Http2Connection>,
): ((socket: Socket) => void) => {
  const { limits = {}, maxMessageBytes } = options;
  const deadlines = makeDeadlines();
  const takeCall = makeTakeCall(options, stopping, {
    deadlines,
    maxMessageBytes,
    maxUnpackedBytes: Math.min(maxMessageBytes, limits.maxDecompressedBytes ?? maxMessageBytes),
  });
  const http2Limits = http2LimitsOf(options);
  return (socket) => {
    // A block of fields that came before is the same array, and its head the same head.
    let last: Head | undefined;
    const connection = serveHttp2(socket, {
      deadlines,
      limits: http2Limits,
      onStream: (stream, fields, end) => {
        const head = last !== undefined && last.fields === fields ? last : readHead(fields);
        last = head;
        takeCall(stream, head, end);
      },
      onClosed: () => open.delete(connection),
    });
    open.add(connection);
    if (stopping.reason !== undefined) connection.goAway();
  };
};

/** What may wait for a client that does not read: some answers, be it a single one of the largest. */
const mostOutputBytes = 67_108_864;

const http2LimitsOf = ({
  limits = {},
  maxMessageBytes,
}: GrpcServerOptions): Partial<Http2Limits> => ({
  concurrentStreams: maxStreams,
  connectionOutputBytes: Math.max(mostOutputBytes, maxMessageBytes),
  // What is too large is told so politely, up to twice as much.
  ...(limits.maxHeaderBytes !== undefined && { headerListBytes: 2 * limits.maxHeaderBytes }),
  ...(limits.headerTimeoutMs !== undefined && { settingsMs: limits.headerTimeoutMs }),
  ...(limits.idleTimeoutMs !== undefined && {
    keepAliveMs: limits.idleTimeoutMs,
    keepAliveTimeoutMs: Math.min(pingTimeoutMs, limits.idleTimeoutMs),
    settingsMs: Math.min(limits.idleTimeoutMs, limits.headerTimeoutMs ?? limits.idleTimeoutMs),
  }),
});

/** `end`: the call has nothing but its head. */
type Take = (stream: Stream, head: Head, end: boolean) => void;

/** Of a path that is told back to its client. */
const longestPath = 256;

/** Finds who answers a call, and refuses what nobody may. */
const makeTakeCall = (options: GrpcServerOptions, stopping: Scope, means: CallMeans) => {
  const { limits = {} } = options;
  const takers = takersOf(options, stopping, means);
  return (stream: Stream, head: Head, end: boolean): void => {
    if (!head.isGrpc) {
      refuseOther(stream, end);
      return;
    }
    const take = takers.get(head.path);
    const tooLarge = checkMetadata(head, limits);
    if (tooLarge !== undefined) sendOnlyStatus(stream, statusOf(tooLarge));
    else if (take === undefined) {
      const details = `${head.path.slice(0, longestPath)} is not offered here`;
      sendOnlyStatus(stream, { code: grpcCodes.UNIMPLEMENTED, details });
    } else if (head.timeoutMs === "malformed") {
      const details = "grpc-timeout cannot be read";
      sendOnlyStatus(stream, { code: grpcCodes.INTERNAL, details });
    } else take(stream, head, end);
  };
};

const takersOf = (
  options: GrpcServerOptions,
  stopping: Scope,
  means: CallMeans,
): ReadonlyMap<string, Take> => {
  const admit = makeAdmission(options.limits ?? {});
  const takers = new Map<string, Take>();
  for (const [path, given] of options.unary) {
    const handler = admit(path, given);
    takers.set(path, (stream, head, end) => takeUnary({ stream, head, end }, handler, means));
  }
  const streams = { means, stopping };
  for (const [path, handler] of options.serverStreams) {
    const duplex = ofOneRequest(handler);
    takers.set(path, (stream, head, end) => takeDuplex({ stream, head, end }, duplex, streams));
  }
  for (const [path, handler] of options.duplexStreams) {
    takers.set(path, (stream, head, end) => takeDuplex({ stream, head, end }, handler, streams));
  }
  return takers;
};
