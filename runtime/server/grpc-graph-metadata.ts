import { aboutBuiltIn } from "../built-in-about.ts";
import type { GrpcCarried } from "../client/grpc-node.ts";
import { promised } from "../done.ts";
import type { Call } from "../engine/call.ts";
import { EngineError } from "../errors.ts";
import { type Graph, preorder, type Unit } from "../graph.ts";
import { graphEnds } from "../graph-ends.ts";
import type { Payload } from "../payload.ts";
import type { GrpcProtocol } from "../protocol/grpc.ts";

/** The metadata of all units in turn, as one message. Source: engine contract, 6.9. */
export const grpcGraphMetadata = async (
  predictor: string,
  graph: Graph<GrpcCarried>,
  protocol: GrpcProtocol,
  call: Call<GrpcCarried>,
): Promise<Buffer> => {
  if (protocol.graphMetadata === undefined) {
    throw new EngineError("RPC_NOT_OFFERED", "the protocol has no metadata of graphs");
  }
  const models = new Map<string, Buffer>();
  for (const unit of preorder(graph.units)) {
    models.set(unit.plan.name, await unitMetadata(unit, protocol, call));
  }
  const { inputsOf, outputsOf } = graphEnds(graph.units);
  return protocol.graphMetadata({ predictor, models, inputsOf, outputsOf });
};

const unitMetadata = async (
  { plan, remote, builtIn }: Unit<GrpcCarried>,
  protocol: GrpcProtocol,
  call: Call<GrpcCarried>,
): Promise<Buffer> => {
  if (remote !== undefined) {
    return (await promised<Payload>((done) => remote.call("metadata", undefined, call, done))).body;
  }
  if (builtIn !== undefined) return protocol.describe("metadata", aboutBuiltIn(plan, builtIn));
  throw new EngineError(
    "NODE_WITHOUT_ENDPOINT",
    `node ${plan.name} has no endpoint to ask for its metadata`,
  );
};
