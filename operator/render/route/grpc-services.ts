/**
 * The gRPC services behind a deployment: those of engines in each protocol, and those of model
 * containers where there is no engine. The Gateway API has no portable regular expressions.
 *
 * Source: engine contract, 3.4, 3.5, 4.1; grpc.io, health checking and server reflection.
 */
export const grpcServices = [
  "seldon.protos.Seldon",
  "seldon.protos.Model",
  "seldon.protos.Router",
  "seldon.protos.Transformer",
  "seldon.protos.OutputTransformer",
  "seldon.protos.Combiner",
  "seldon.protos.Generic",
  "inference.GRPCInferenceService",
  "inference.model_repository.ModelRepositoryService",
  "tensorflow.serving.PredictionService",
  "tensorflow.serving.ModelService",
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
] as const;
