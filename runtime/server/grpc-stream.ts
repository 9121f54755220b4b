/**
 * Streaming RPCs through a graph of a single model: messages pass both ways as they come, neither
 * side faster than the other reads. Source: Open Inference Protocol, ModelStreamInfer.
 */
import { Metadata, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import type { GrpcCarried } from "../client/grpc-node.ts";
import type { Graph } from "../graph.ts";
import { grpcCodes } from "../grpc-status.ts";
import type { Metrics } from "../metrics.ts";
import type { DuplexStream } from "./grpc.ts";
import { readMetadata } from "./grpc-metadata.ts";

export type StreamOptions = {
  /** Full methods that pass through. */
  readonly rpcs: readonly string[];
  readonly graph: Graph<GrpcCarried>;
  readonly metrics: Metrics;
};

export const makeStreamHandlers = (
  options: StreamOptions,
): ReadonlyMap<string, (call: DuplexStream) => void> =>
  new Map(options.rpcs.map((rpc) => [rpc, (call) => pass(options, rpc, call)]));

const pass = ({ graph, metrics }: StreamOptions, rpc: string, call: DuplexStream): void => {
  const started = performance.now();
  const finish = ({ code, details }: Pick<StatusObject, "code" | "details">): void => {
    metrics.serverGrpc(rpc, code)((performance.now() - started) / 1000);
    if (code === grpcCodes.OK) call.end();
    else call.emit("error", { code, details, metadata: new Metadata() });
  };
  const { remote } = graph.units;
  if (!graph.isSingleModel || remote?.duplex === undefined) {
    const details = "messages are streamed only through a graph of a single model";
    finish({ code: grpcCodes.UNIMPLEMENTED, details });
    return;
  }
  const { id, forwarded } = readMetadata(call.metadata);
  const initial = new Metadata();
  initial.set("seldon-puid", id);
  call.sendMetadata(initial);
  const deadlineAt = Number(call.getDeadline());
  const node = remote.duplex(rpc, {
    metadata: forwarded,
    deadlineAt: Number.isFinite(deadlineAt) ? deadlineAt : undefined,
  });
  pump(call, node);
  pump(node, call);
  call.on("end", () => node.end());
  call.on("cancelled", () => node.cancel());
  node.on("error", (_: ServiceError) => {}); // "status" follows and tells the same
  node.on("status", finish);
};

type Source = NodeJS.ReadableStream;
type Sink = {
  write(message: Buffer): boolean;
  once(event: "drain", listener: () => void): unknown;
};

/** Hands messages on, and reads no further while the other side is behind. */
const pump = (from: Source, to: Sink): void => {
  from.on("data", (message: Buffer) => {
    if (to.write(message)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
};
