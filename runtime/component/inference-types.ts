/** The messages of the protocol `v2` in their JSON form. Source: Open Inference Protocol, inference. */
import { isObject, type JsonObject } from "./message.ts";

export type InferTensor = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters?: JsonObject;
  /** Row by row: numbers, booleans, and for BYTES strings, or Buffers where they are no text. */
  readonly data: readonly unknown[];
};

export type WantedOutput = { readonly name: string; readonly parameters?: JsonObject };

export type InferRequest = {
  readonly model_name: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: JsonObject;
  readonly inputs: readonly InferTensor[];
  readonly outputs?: readonly WantedOutput[];
};

export type InferResponse = {
  readonly model_name: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: JsonObject;
  readonly outputs: readonly InferTensor[];
};

/** Parameters that say how a request is written; they are not passed on and not answered. */
const ofEncoding = ["binary_data_output", "content_type", "headers"];

/** Those parameters that mean something to a model; undefined if there are none. */
export const parametersOf = (given: unknown): JsonObject | undefined => {
  if (!isObject(given)) return undefined;
  const kept = Object.entries(given).filter(([key]) => !ofEncoding.includes(key));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
};
