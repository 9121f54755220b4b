/**
 * Streaming RPCs through a graph of a single model: messages pass both ways as they come, neither
 * side faster than the other reads. Source: Open Inference Protocol, ModelStreamInfer.
 */
import type { GrpcCarried } from "../client/grpc-node.ts";
import { EngineError } from "../errors.ts";
import type { Graph } from "../graph.ts";
import { grpcCodes } from "../grpc-status.ts";
import type { Metrics } from "../metrics.ts";
import { onCancel } from "../scope.ts";
import type { CallStream, DuplexHandler, StreamEvents } from "./grpc-call.ts";
import { statusOf } from "./grpc-errors.ts";
import { readMetadata } from "./grpc-metadata.ts";

export type StreamOptions = {
  /** Full methods that pass through. */
  readonly rpcs: readonly string[];
  readonly graph: Graph<GrpcCarried>;
  readonly metrics: Metrics;
};

export const makeStreamHandlers = (options: StreamOptions): ReadonlyMap<string, DuplexHandler> =>
  new Map(options.rpcs.map((rpc) => [rpc, (call) => pass(options, rpc, call)]));

const pass = ({ graph, metrics }: StreamOptions, rpc: string, call: CallStream): StreamEvents => {
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
  const { id, forwarded } = readMetadata(call.head);
  call.begin(["seldon-puid", id]);
  const carried = { metadata: forwarded, deadlineAt: call.deadlineAt };
  const node = remote.duplex(rpc, carried, {
    message: (body) => {
      if (!call.send(body)) node.pause();
    },
    room: () => call.resume(),
    end: (error) => {
      count(error === undefined ? grpcCodes.OK : statusOf(error).code);
      call.end(error);
    },
  });
  onCancel(call.scope, (reason) => {
    count(statusOf(reason).code);
    node.cancel();
  });
  return {
    message: (body) => {
      if (!node.send(body)) call.pause();
    },
    room: () => node.resume(),
    end: () => node.end(),
  };
};

const once = <Given>(act: (given: Given) => void): ((given: Given) => void) => {
  let done = false;
  return (given) => {
    if (!done) act(given);
    done = true;
  };
};
