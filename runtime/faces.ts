/** What answers requests, made of a configuration: a graph and an engine for each transport. */

import type { HeaderOf } from "./built-in-steps.ts";
import { type BuiltIns, learnedOf, measuresOf } from "./built-ins.ts";
import type { GrpcCarried } from "./client/grpc-node.ts";
import type { RestCarried } from "./client/rest-node.ts";
import { type Clients, makeGrpcRemote, makeRestRemote } from "./clients.ts";
import type { EngineConfig } from "./config.ts";
import type { Deadlines } from "./deadlines.ts";
import { makeEngine } from "./engine/engine.ts";
import { type Graph, type GraphOptions, makeGraph, preorder } from "./graph.ts";
import { fieldOf } from "./grpc/fields.ts";
import type { Metrics } from "./metrics.ts";
import type { PayloadLog } from "./payload-log/payload-log.ts";
import type { Protocol } from "./protocol/protocols.ts";
import {
  makeConnectReadiness,
  makeHealthReadiness,
  type Readiness,
  type Target,
} from "./readiness.ts";
import { makeDocs } from "./server/docs.ts";
import type { GrpcHandlers } from "./server/grpc-call.ts";
import { makeGrpcHandlers } from "./server/grpc-engine.ts";
import { makeHealth } from "./server/grpc-health.ts";
import { makeReflection } from "./server/grpc-reflection.ts";
import { makeStreamHandlers } from "./server/grpc-stream.ts";
import type { Handler } from "./server/http.ts";
import { makeRestHandler } from "./server/rest.ts";

export type Faces = {
  readonly protocol: Protocol;
  readonly rest: Handler;
  readonly grpc: GrpcHandlers;
};

export type Means = {
  readonly clients: Clients;
  readonly deadlines: Deadlines;
  readonly metrics: Metrics;
  /** Undefined if no unit is logged. */
  readonly payloadLog: PayloadLog | undefined;
  readonly builtIns: BuiltIns;
  /** Why the engine itself is not ready, whatever its nodes say; undefined if it is. */
  readonly ownReason: () => string | undefined;
  /** Told when readiness changes, with the reason why not. */
  readonly onReadiness: (reason: string | undefined) => void;
};

export const makeFaces = (config: EngineConfig, means: Means): Faces => {
  const { flags, limits, plan, graphTimeoutMs } = config;
  const { metrics, deadlines, clients, payloadLog, builtIns } = means;
  const protocol = config.makeProtocol(limits.maxDecompressedBytes);
  const common = { metrics, clients, limits };
  const nodeLog = payloadLog?.nodeLog;
  metrics.measured(() => measuresOf(builtIns));
  const rest = makeSide<RestCarried>(config, {
    nodeLog,
    builtIns,
    headerOf: restHeader,
    codec: protocol.rest.codec,
    remote: makeRestRemote({ ...common, protocol: protocol.rest, timeoutMs: config.restTimeoutMs }),
  });
  const grpc = makeSide<GrpcCarried>(config, {
    nodeLog,
    builtIns,
    headerOf: grpcHeader,
    codec: protocol.grpc.codec,
    remote: makeGrpcRemote({ ...common, protocol: protocol.grpc, timeoutMs: config.grpcTimeoutMs }),
  });
  const readiness = makeReadiness(config, protocol, rest.graph, means);
  const about = { deployment: flags.sdep, namespace: flags.namespace, predictor: plan.name };
  const shared = { ...about, metrics, readiness, deadlines, graphTimeoutMs };
  return {
    protocol,
    rest: makeRestHandler({
      ...shared,
      ...rest,
      protocol: protocol.rest,
      docs: makeDocs(protocol.rest, about),
      learned: () => learnedOf(builtIns),
      metricsPath: flags.prometheus_path,
      cors: config.cors,
    }),
    grpc: withCommonServices(
      {
        unary: makeGrpcHandlers({ ...shared, ...grpc, protocol: protocol.grpc }),
        duplexStreams: makeStreamHandlers({
          rpcs: protocol.grpc.streams,
          graph: grpc.graph,
          metrics,
        }),
      },
      readiness,
    ),
  };
};

/** Out of lines, each ended by CRLF. */
const restHeader: HeaderOf<RestCarried> = ({ headerLines }, name) => {
  const wanted = `${name.toLowerCase()}:`;
  const line = headerLines.split("\r\n").find((one) => one.toLowerCase().startsWith(wanted));
  return line?.slice(wanted.length).trim();
};

const grpcHeader: HeaderOf<GrpcCarried> = ({ metadata }, name) => {
  const key = name.toLowerCase();
  const value = fieldOf(metadata, key);
  return value !== undefined && key.endsWith("-bin")
    ? Buffer.from(value, "base64").toString()
    : value;
};

/** Health and reflection, which every protocol has over gRPC. */
const withCommonServices = (
  { unary, duplexStreams }: Pick<GrpcHandlers, "unary" | "duplexStreams">,
  readiness: Readiness,
): GrpcHandlers => {
  const services = [...new Set([...unary.keys()].map((path) => path.split("/")[1] ?? ""))];
  const health = makeHealth(services, readiness);
  const reflection = makeReflection([...services, "grpc.health.v1.Health"]);
  return {
    unary: new Map([...unary, ...health.unary]),
    serverStreams: health.serverStreams,
    duplexStreams: new Map([...duplexStreams, ...reflection]),
  };
};

/** The graph over one transport, and the engine that walks it. */
const makeSide = <Carried>(
  { plan, record }: EngineConfig,
  options: Omit<GraphOptions<Carried>, "plan">,
) => {
  const graph = makeGraph({ ...options, plan });
  return {
    graph,
    engine: makeEngine(graph.root, record === "every-node" ? options.codec.record : undefined),
    recordAtEnd: record === "final" && graph.routeVaries,
  };
};

/** Children before their parent. Source: engine contract, 10.5. */
const makeReadiness = <Carried>(
  { flags }: EngineConfig,
  { rest }: Protocol,
  graph: Graph<Carried>,
  { clients, deadlines, ownReason, onReadiness }: Means,
): Readiness => {
  const targets = [...preorder(graph.units)].reverse().flatMap(({ plan }): readonly Target[] => {
    const { service_host: host, service_port: port } = plan.endpoint ?? {};
    return !host || port === undefined ? [] : [{ name: plan.name, host, port }];
  });
  const nodes =
    flags.full_health_checks && rest.healthPath !== undefined
      ? makeHealthReadiness(targets, rest.healthPath, clients.httpFor)
      : makeConnectReadiness(targets, deadlines);
  let last: string | undefined = "";
  return async () => {
    const reason = ownReason() ?? (await nodes());
    if (reason !== last) onReadiness(reason);
    last = reason;
    return reason;
  };
};
