/**
 * The ingress: requests for deployments in, one answer of a predictor out, on one port.
 *
 * It stands where Istio or Ambassador stands in a cluster: REST goes by the path
 * `/seldon/<namespace>/<name>/...`, gRPC by the metadata `seldon` and `namespace`; traffic is split
 * by weight, and the shadow gets a copy. It has no timeout of its own: the engine behind it has the
 * graph's, and a client that leaves cancels its request.
 */
import type { Deadlines } from "../runtime/deadlines.ts";
import type { Limits } from "../runtime/limits.ts";
import { answering, type HttpServer, listenHttp } from "../runtime/server/http.ts";
import { makeGrpcProxy } from "./grpc-proxy.ts";
import { makeSorter } from "./preface.ts";
import { failure, makeRestProxy, type ProxyOptions } from "./rest-proxy.ts";
import { makeShadow } from "./shadow.ts";

export type IngressOptions = Omit<ProxyOptions, "shadow"> & {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits: Limits;
  readonly deadlines: Deadlines;
};

export type Ingress = Pick<HttpServer, "port" | "drain" | "close">;

/** Listens; rejects with the system's error if it cannot (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
export const listenIngress = async (options: IngressOptions): Promise<Ingress> => {
  const { host, port, limits } = options;
  const shared = { ...options, shadow: makeShadow() };
  const sorter = makeSorter(limits.headerTimeoutMs);
  const grpc = makeGrpcProxy(shared);
  const http = await listenHttp({
    handler: answering(makeRestProxy(shared), failure),
    onError: failure,
    onConnection: (socket, serve) =>
      sorter.sort(socket, { http1: serve, http2: () => grpc.accept(socket) }),
    limits,
    port,
    host,
  });
  return {
    port: http.port,
    drain: () => {
      const drained = http.drain(); // which also waits for the connections of the others
      sorter.close();
      grpc.drain();
      return drained;
    },
    close: () => {
      http.close();
      sorter.close();
      grpc.close();
    },
  };
};
