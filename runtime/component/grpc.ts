/**
 * The gRPC face of a component: the bytes of a call in, an action run, the bytes of an answer out.
 *
 * Source: engine contract, 4.1 and 11.6; Open Inference Protocol.
 */
import type { Logger } from "../../host/log.ts";
import { EngineError } from "../errors.ts";
import { readMessage } from "../protocol/proto-read.ts";
import type { Schema } from "../protocol/proto-schema.ts";
import {
  feedback,
  modelMetadata,
  seldonMessage,
  seldonMessageList,
} from "../protocol/seldon-schema.ts";
import { offCancel, onCancel, type Scope } from "../scope.ts";
import { type GrpcHandlers, promising, type UnaryHandler } from "../server/grpc-call.ts";
import { makeHealth } from "../server/grpc-health.ts";
import { makeReflection } from "../server/grpc-reflection.ts";
import type { Action } from "./action.ts";
import type { Component } from "./component.ts";
import { asStatusError } from "./grpc-error.ts";
import type { Inference } from "./inference.ts";
import { inferenceAnswers } from "./inference-grpc.ts";
import { makeStreamInfer } from "./inference-stream.ts";
import type { JsonObject } from "./message.ts";
import { writeMessage } from "./proto-write.ts";
import { asComponentError, ComponentError } from "./user.ts";

export type GrpcOptions = {
  readonly component: Component;
  readonly inference: Inference;
  /** The model's metadata, or why it has none that is valid. */
  readonly metadata: JsonObject | ComponentError;
  readonly log: Logger;
};

/** The bytes of a request in, those of its answer out. */
type Answer = (body: Buffer) => Promise<Buffer>;

/** A path and what answers there. */
type Served = readonly [path: string, answer: Answer];

export const makeGrpcHandlers = (options: GrpcOptions): GrpcHandlers => {
  const words = (thrown: unknown): string => {
    report(options.log, modelStreamInfer, thrown);
    return asStatusError(thrown).message;
  };
  const unary = served(options.log, [
    ...seldonAnswers(options),
    ...inferenceAnswers(options.inference),
  ]);
  const services = [...new Set([...unary.keys()].map((path) => path.split("/")[1] ?? ""))];
  const health = makeHealth(services, options.component.readiness);
  return {
    unary: new Map([...unary, ...health.unary]),
    serverStreams: health.serverStreams,
    duplexStreams: new Map([
      [modelStreamInfer, makeStreamInfer(options.inference, words)],
      ...makeReflection([...services, "grpc.health.v1.Health"]),
    ]),
  };
};

const modelStreamInfer = "/inference.GRPCInferenceService/ModelStreamInfer";

/** Source: engine contract, 4.1. */
const services: Readonly<Record<string, Readonly<Record<string, Action>>>> = {
  Seldon: { Predict: "predict", SendFeedback: "sendFeedback" },
  Model: { Predict: "predict", SendFeedback: "sendFeedback" },
  Router: { Route: "route", SendFeedback: "sendFeedback" },
  Transformer: { TransformInput: "transformInput" },
  OutputTransformer: { TransformOutput: "transformOutput" },
  Combiner: { Aggregate: "aggregate" },
  Generic: {
    TransformInput: "transformInput",
    TransformOutput: "transformOutput",
    Route: "route",
    Aggregate: "aggregate",
    SendFeedback: "sendFeedback",
  },
};

const seldonAnswers = (options: GrpcOptions): readonly Served[] => [
  ...Object.entries(services).flatMap(([service, methods]) =>
    Object.entries(methods).map(
      ([method, action]) =>
        [`/seldon.protos.${service}/${method}`, makeAction(options.component, action)] as const,
    ),
  ),
  ["/seldon.protos.Model/Metadata", () => answerMetadata(options)],
  ["/seldon.protos.Seldon/ModelMetadata", () => answerMetadata(options)],
];

const requests: Readonly<Partial<Record<Action, Schema>>> = {
  aggregate: seldonMessageList,
  sendFeedback: feedback,
};

/** A method that gets the message as it is gets the JSON that it would get over REST. */
const makeAction = (component: Component, action: Action): Answer => {
  const schema = requests[action] ?? seldonMessage;
  const raw = component.isRaw(action, "grpc");
  const asBytes = (bytes: Buffer): Buffer | string => (raw ? bytes.toString("base64") : bytes);
  return async (body) => {
    const message = readMessage(body, schema, asBytes);
    const given = action === "aggregate" ? (message["seldonMessages"] ?? []) : message;
    const reply = await component.run(action, given, "grpc");
    return Buffer.concat(writeMessage(reply, seldonMessage));
  };
};

const answerMetadata = async ({ metadata }: GrpcOptions): Promise<Buffer> => {
  if (metadata instanceof ComponentError) throw metadata;
  return Buffer.concat(writeMessage(metadata, modelMetadata));
};

/** Answers as handlers: with an end when the client leaves, and a log. */
const served = (log: Logger, answers: Iterable<Served>): ReadonlyMap<string, UnaryHandler> => {
  const handle = (path: string, answer: Answer): UnaryHandler =>
    promising(async ({ body, scope }) => {
      try {
        return { body: await unlessCancelled(scope, answer(body)) };
      } catch (thrown) {
        report(log, path, thrown);
        throw asStatusError(thrown);
      }
    });
  return new Map([...answers].map(([path, answer]) => [path, handle(path, answer)]));
};

/** Nobody waits for a method whose client has left; the method itself runs on. */
const unlessCancelled = <T>(scope: Scope, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    onCancel(scope, reject);
    void work.then(resolve, reject).finally(() => offCancel(scope, reject));
  });

const report = (log: Logger, path: string, thrown: unknown): void => {
  const error = thrown instanceof EngineError ? thrown : asComponentError(thrown);
  if (error instanceof ComponentError && error.status >= 500) {
    log.error({ err: error.cause ?? error, path }, "request failed");
  } else {
    log.debug({ path, info: error.message }, "request refused");
  }
};
