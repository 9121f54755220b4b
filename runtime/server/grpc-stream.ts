/**
 * Streaming RPCs through a graph of a single model: messages pass both ways as they come, neither
 * side faster than the other reads. Source: Open Inference Protocol, ModelStreamInfer.
 */
import { type ClientDuplexStream, Metadata, type StatusObject } from "@grpc/grpc-js";
import { type GrpcCarried, statusError } from "../client/grpc-node.ts";
import { EngineError } from "../errors.ts";
import type { Graph } from "../graph.ts";
import { grpcCodes } from "../grpc-status.ts";
import type { Metrics } from "../metrics.ts";
import type { DuplexStream } from "./grpc.ts";
import { fail } from "./grpc-errors.ts";
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
  const count = once((code: number) => {
    metrics.serverGrpc(rpc, code)((performance.now() - started) / 1000);
  });
  const { remote } = graph.units;
  if (!graph.isSingleModel || remote?.duplex === undefined) {
    count(grpcCodes.UNIMPLEMENTED);
    throw new EngineError(
      "RPC_NOT_OFFERED",
      "messages are streamed only through a graph of a single model",
    );
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
  call.on("cancelled", () => {
    const inTime = Date.now() < deadlineAt;
    count(inTime ? grpcCodes.CANCELLED : grpcCodes.DEADLINE_EXCEEDED);
    node.cancel();
  });
  onFinish(node, (status) => {
    count(status.code);
    if (status.code === grpcCodes.OK) call.end();
    else fail(call, statusError(status));
  });
};

/** The status of a call can come before the last of its messages are read. */
const onFinish = (
  node: ClientDuplexStream<Buffer, Buffer>,
  finish: (status: StatusObject) => void,
): void => {
  let status: StatusObject | undefined;
  let read = false;
  const settle = (): void => {
    if (status !== undefined && read) finish(status);
  };
  node.on("error", () => {}); // "status" tells the same
  node.on("end", () => {
    read = true;
    settle();
  });
  node.on("status", (given) => {
    status = given;
    settle();
  });
};

const once = <Given>(act: (given: Given) => void): ((given: Given) => void) => {
  let done = false;
  return (given) => {
    if (!done) act(given);
    done = true;
  };
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
