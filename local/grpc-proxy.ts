/**
 * gRPC through the ingress: any method, opaque messages, to the deployment that the metadata names.
 *
 * It is made of node:http2 on both sides, because a proxy has only to pass on: @grpc/grpc-js would
 * have to know every method beforehand, and would take metadata, messages and statuses apart to put
 * them together again. Each client has connections of its own to the predictors, so that one that
 * resets calls by the thousand is cut off alone.
 */
import {
  type ClientHttp2Session,
  constants,
  createServer,
  type Http2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { Deadlines } from "../runtime/deadlines.ts";
import type { Limits } from "../runtime/limits.ts";
import { pass, refuse } from "./grpc-pass.ts";
import { findGrpcRoute } from "./grpc-routes.ts";
import { fieldOf, type Head, sameFields, sessionMemoryMegabytes } from "./grpc-wire.ts";
import { hearOneMessage } from "./one-message.ts";
import type { ProxyOptions } from "./rest-proxy.ts";
import { decide, type Target } from "./routes.ts";
import type { Copy } from "./shadow.ts";
import type { Upstream } from "./upstream.ts";

export type GrpcProxyOptions = ProxyOptions & {
  readonly limits: Limits;
  readonly deadlines: Deadlines;
};

export type GrpcProxy = {
  /** Takes a connection that begins with the preface of HTTP/2. */
  accept(socket: Socket): void;
  /** Lets calls under way end, takes no more, and closes each connection after its last. */
  drain(): void;
  /** Closes everything at once. */
  close(): void;
};

/** A client, and its connections to the predictors it calls. */
type Client = { readonly onward: Map<Upstream, ClientHttp2Session> };

/** Calls of one connection at once. */
const mostCalls = 1000;

export const makeGrpcProxy = (options: GrpcProxyOptions): GrpcProxy => {
  const { limits } = options;
  const server = createServer({
    maxSessionMemory: sessionMemoryMegabytes,
    settings: { maxConcurrentStreams: mostCalls, maxHeaderListSize: limits.maxHeaderBytes },
  });
  const sockets = new Set<Socket>();
  const clients = new Map<Http2Session, Client>();
  server.on("session", (session) => {
    const client: Client = { onward: new Map() };
    clients.set(session, client);
    session.on("close", () => {
      clients.delete(session);
      for (const onward of client.onward.values()) onward.close();
    });
  });
  server.on("sessionError", () => {}); // "close" follows
  server.on("stream", (stream, named, _flags, raw) => {
    stream.on("error", () => {}); // "close" follows
    const client = stream.session && clients.get(stream.session);
    if (client !== undefined) answer(stream, { named, raw }, client, options);
  });

  return {
    accept: (socket) => {
      if (sockets.size >= limits.maxConnections) {
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.allowHalfOpen = false; // in HTTP/2 a client that ends its side is gone
      server.emit("connection", socket);
    },
    drain: () => {
      for (const session of clients.keys()) session.close();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
};

const answer = (
  stream: ServerHttp2Stream,
  head: Head,
  client: Client,
  options: GrpcProxyOptions,
): void => {
  if (!isGrpc(head)) {
    refuseOthers(stream);
    return;
  }
  const asked = {
    path: fieldOf(head, ":path") ?? "",
    deployment: fieldOf(head, "seldon"),
    namespace: fieldOf(head, "namespace"),
  };
  const found = findGrpcRoute(asked, options.routes(), options.defaultNamespace);
  if (found.is === "nothing") {
    refuse(stream, found.code, found.why);
    return;
  }
  const decision = decide(found.route, options.random);
  if (decision.is === "wait") {
    refuse(stream, "UNAVAILABLE", decision.why);
    return;
  }
  const { target, shadow } = decision;
  if (shadow !== undefined && !asked.path.startsWith("/grpc.")) {
    hearOneMessage(stream, (message) => {
      options.shadow.copy(shadow, copyOf(message, head, client, options.deadlines));
    });
  }
  pass(stream, head, {
    session: onwardTo(target.upstream, client),
    name: `predictor ${target.predictor} of ${found.route.namespace}/${found.route.name}`,
    done: asked.path === watchPath ? () => {} : target.upstream.hold(),
  });
};

/** A call without an end by itself: a version that is replaced does not wait for it. */
const watchPath = "/grpc.health.v1.Health/Watch";

/** Source: gRPC over HTTP/2, Requests. */
const isGrpc = (head: Head): boolean =>
  fieldOf(head, ":method") === "POST" &&
  fieldOf(head, "content-type")?.startsWith("application/grpc") === true;

const refuseOthers = (stream: ServerHttp2Stream): void => {
  stream.respond({ ":status": 415, "content-type": "text/plain; charset=utf-8" });
  stream.end("HTTP/2 is for gRPC here; send REST over HTTP/1.1\n");
  stream.resume();
};

const onwardTo = (upstream: Upstream, { onward }: Client): ClientHttp2Session => {
  const kept = onward.get(upstream);
  if (kept !== undefined && !kept.closed && !kept.destroyed) return kept;
  const session = upstream.connect();
  onward.set(upstream, session);
  session.on("close", () => {
    if (onward.get(upstream) === session) onward.delete(upstream);
  });
  return session;
};

/** The same call for the shadow, which goes on when the client leaves; its answer is dropped. */
const copyOf = (message: Buffer, head: Head, client: Client, deadlines: Deadlines): Copy => ({
  bytes: message.length,
  send: ({ upstream }: Target, timeoutMs: number) =>
    new Promise<void>((resolve) => {
      const request = onwardTo(upstream, client).request(sameFields(head), { endStream: false });
      const release = upstream.hold();
      const deadline = deadlines.set(timeoutMs, () => request.close(constants.NGHTTP2_CANCEL));
      request.on("error", () => {}); // "close" follows
      request.on("close", () => {
        deadlines.clear(deadline);
        release();
        resolve();
      });
      request.resume();
      request.end(message);
    }),
});
