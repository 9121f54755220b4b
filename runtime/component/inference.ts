/**
 * Requests of the protocol `v2`, the Open Inference Protocol, for the same classes: a request
 * becomes a message, the component answers it, and the reply becomes a response.
 *
 * Source: Open Inference Protocol, inference; engine contract, 5.1.
 */
import type { Action, Transport } from "./action.ts";
import { absent, call } from "./call.ts";
import type { Component } from "./component.ts";
import { messageOf } from "./inference-input.ts";
import { type Declared, declaredOf, outputsOf } from "./inference-output.ts";
import { checkResponse } from "./inference-tensor.ts";
import { type InferRequest, type InferResponse, parametersOf } from "./inference-types.ts";
import { asMessage, isObject, type JsonObject, metaOf } from "./message.ts";
import { ComponentError, type Model } from "./user.ts";

export type InferenceOptions = {
  readonly component: Component;
  readonly model: Model;
  /** The model's metadata, or why it has none that is valid. */
  readonly metadata: JsonObject | ComponentError;
  /** What the model is called by clients. */
  readonly name: string;
  /** What a request to infer asks of the class. */
  readonly action: Action;
};

/** What a path or an RPC asks: to infer means whatever the class is for. */
export type Asked = "infer" | "route" | "aggregate";

export type Inference = {
  /** @throws whatever the class threw; `asComponentError` tells how to answer it. */
  infer(
    asked: Asked,
    requests: readonly InferRequest[],
    transport: Transport,
  ): Promise<InferResponse>;
  /** The answer in parts: a single one, unless the class answers in parts. */
  stream(request: InferRequest, transport: Transport): AsyncGenerator<InferResponse>;
  /** Whether the class answers in parts. */
  readonly streams: boolean;
  /** To infer means to combine what several requests hold. */
  readonly combines: boolean;
  /** @throws {ComponentError} MICROSERVICE_BAD_METADATA */
  metadata(): JsonObject;
  readonly name: string;
  /** Undefined if the model is ready, else why it is not. */
  readonly readiness: Component["readiness"];
};

export const makeInference = (options: InferenceOptions): Inference => {
  const { component, model, metadata, name, action } = options;
  const declared = metadata instanceof ComponentError ? [] : declaredOf(metadata);
  const infer: Inference["infer"] = async (asked, requests, transport) => {
    const act = asked === "infer" ? action : asked;
    const own = asked === "infer" ? await inferRaw(model, requests) : undefined;
    if (own !== undefined) return own;
    const messages = requests.map(messageOf);
    const given = act === "aggregate" ? messages : messages[0];
    const reply = asMessage(await component.run(act, given, transport), "the reply");
    refuseFailure(reply);
    return responseOf(reply, requests[0], { act, declared, name });
  };
  const streams = component.streams && action === "predict";
  async function* stream(request: InferRequest, transport: Transport) {
    if (!streams) {
      yield await infer("infer", [request], transport);
      return;
    }
    for await (const reply of component.stream(messageOf(request), transport)) {
      yield responseOf(reply, request, { act: "predict", declared, name });
    }
  }
  return {
    name,
    infer,
    stream,
    streams,
    combines: action === "aggregate",
    readiness: component.readiness,
    metadata: () => metadataOf(options),
  };
};

/** What `inferRaw` answers; undefined if there is none. */
const inferRaw = async (
  model: Model,
  [request]: readonly InferRequest[],
): Promise<InferResponse | undefined> => {
  if (model.inferRaw === undefined || request === undefined) return undefined;
  const returned = await call(model, "inferRaw", [request]);
  return returned === absent ? undefined : checkResponse(returned, request);
};

/** A raw prediction may say in its status that it failed. Source: engine contract, 11.3. */
const refuseFailure = ({ status }: JsonObject): void => {
  if (!isObject(status)) return;
  const { code, info } = status;
  if (typeof code !== "number" || code < 400 || code > 599) return;
  throw new ComponentError(typeof info === "string" ? info : `status ${code}`, { status: code });
};

type Naming = {
  readonly act: Action;
  readonly declared: readonly Declared[];
  readonly name: string;
};

const responseOf = (
  reply: JsonObject,
  request: InferRequest | undefined,
  { act, declared, name }: Naming,
): InferResponse => {
  const { tags } = metaOf(reply);
  const parameters = parametersOf(tags);
  return {
    model_name: request?.model_name || name,
    ...(request?.model_version ? { model_version: request.model_version } : {}),
    ...(request?.id ? { id: request.id } : {}),
    ...(parameters === undefined ? {} : { parameters }),
    outputs: outputsOf(reply, { act, declared, wanted: request?.outputs ?? [] }),
  };
};

/** Inputs and outputs that are described by messages are no tensors. */
const metadataOf = ({ metadata, name }: InferenceOptions): JsonObject => {
  if (metadata instanceof ComponentError) throw metadata;
  const { versions, platform, inputs, outputs } = metadata;
  return { name, versions, platform, inputs: tensorsIn(inputs), outputs: tensorsIn(outputs) };
};

const tensorsIn = (described: unknown): readonly unknown[] =>
  Array.isArray(described) ? described.filter((each) => isObject(each) && "datatype" in each) : [];
