/** One client for each place that nodes are called at, however many nodes are there. */
import type { PlanUnit } from "../api/plan.ts";
import { type GrpcClient, makeGrpcClient } from "./client/grpc-client.ts";
import { type GrpcCarried, makeGrpcNode } from "./client/grpc-node.ts";
import { type HttpClient, makeHttpClient } from "./client/http.ts";
import { makeRestNode, type RestCarried } from "./client/rest-node.ts";
import type { Deadlines } from "./deadlines.ts";
import type { NodeClient } from "./graph.ts";
import type { Limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { GrpcProtocol } from "./protocol/grpc.ts";
import type { RestProtocol } from "./protocol/protocol.ts";

export type Clients = {
  readonly httpFor: (host: string, port: number) => HttpClient;
  readonly grpcFor: (host: string, port: number) => GrpcClient;
  close(): void;
};

export const makeClients = (limits: Limits, deadlines: Deadlines): Clients => {
  const http = byPlace((host, port) => makeHttpClient({ host, port, limits, deadlines }));
  const grpc = byPlace((host, port) => makeGrpcClient({ host, port, limits, deadlines }));
  return {
    httpFor: http.at,
    grpcFor: grpc.at,
    close: () => {
      for (const client of [...http.all(), ...grpc.all()]) client.close();
    },
  };
};

const byPlace = <Kind>(make: (host: string, port: number) => Kind) => {
  const made = new Map<string, Kind>();
  return {
    all: () => made.values(),
    at: (host: string, port: number): Kind => {
      const key = `${host}:${port}`;
      const found = made.get(key) ?? make(host, port);
      made.set(key, found);
      return found;
    },
  };
};

type RemoteOptions<Protocol> = {
  readonly protocol: Protocol;
  readonly timeoutMs: number;
  readonly limits: Limits;
  readonly clients: Clients;
  readonly metrics: Metrics;
};

/** The REST client of a unit; undefined if its endpoint has no HTTP port. */
export const makeRestRemote =
  ({ metrics, clients, ...options }: RemoteOptions<RestProtocol>) =>
  ({ name, endpoint }: PlanUnit): NodeClient<RestCarried> | undefined => {
    const { service_host: host, httpPort: port } = endpoint ?? {};
    if (!host || port === undefined) return undefined;
    return makeRestNode({
      ...options,
      name,
      host,
      port,
      client: clients.httpFor(host, port),
      clientFor: clients.httpFor,
      counter: ({ path, ...labels }) => metrics.clientCount({ ...labels, service: readable(path) }),
    });
  };

/** A path without its escapes, as in v1's label. */
const readable = (path: string): string => (path.includes("%") ? decodeURIComponent(path) : path);

/** The gRPC client of a unit; undefined if its endpoint has no gRPC port. */
export const makeGrpcRemote =
  ({ metrics, clients, protocol, timeoutMs }: RemoteOptions<GrpcProtocol>) =>
  ({ name, endpoint }: PlanUnit): NodeClient<GrpcCarried> | undefined => {
    const { service_host: host, grpcPort: port } = endpoint ?? {};
    if (!host || port === undefined) return undefined;
    return makeGrpcNode({
      name,
      protocol,
      timeoutMs,
      client: clients.grpcFor(host, port),
      series: metrics.clientGrpc,
    });
  };
