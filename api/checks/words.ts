/** The words that fields hold, and the checks of them. */

import { locate } from "../graph.ts";
import { at, item } from "../path.ts";
import { hint } from "../spelling.ts";
import type { PredictiveUnit } from "../types.ts";
import { type Check, either, type Finding, fault, perPredictor, warning } from "./check.ts";

/** Source, also of the next ones: operator contract, 1.2. */
const protocols = ["seldon", "tensorflow", "v2", "kfserving"];
const transports = ["rest", "grpc"];
const serverTypes = ["rpc", "kafka"];
const unitTypes = [
  "MODEL",
  "ROUTER",
  "COMBINER",
  "TRANSFORMER",
  "OUTPUT_TRANSFORMER",
  "UNKNOWN_TYPE",
];
const methods = ["TRANSFORM_INPUT", "TRANSFORM_OUTPUT", "ROUTE", "AGGREGATE", "SEND_FEEDBACK"];
const endpointTypes = ["REST", "GRPC"];
export const parameterTypes = ["INT", "FLOAT", "DOUBLE", "STRING", "BOOL"];
const loggerModes = ["all", "request", "response"];
const explainerTypes = [
  "AnchorTabular",
  "AnchorImages",
  "AnchorText",
  "Counterfactuals",
  "Contrastive",
  "KernelShap",
  "IntegratedGradients",
  "ALE",
  "TreeShap",
];

const oneOf = (word: string | undefined, words: readonly string[]): string | undefined =>
  word === undefined || word === "" || words.includes(word)
    ? undefined
    : `"${word}" is not one of the known words; write ${either(words)}${hint(word, words)}`;

const refuse = (path: string, word: string | undefined, words: readonly string[]): Finding[] => {
  const message = oneOf(word, words);
  return message === undefined ? [] : [fault(path, message)];
};

const advise = (path: string, word: string | undefined, words: readonly string[]): Finding[] => {
  const message = oneOf(word, words);
  return message === undefined ? [] : [warning(path, message)];
};

/** Rule 1: the protocol is a known one. */
export const knownProtocol: Check = ({ deployment: { spec } }) =>
  refuse("spec.protocol", spec.protocol, protocols);

/** Rule 2: the transport is a known one. */
export const knownTransport: Check = ({ deployment: { spec } }) =>
  refuse("spec.transport", spec.transport, transports);

/** Rule 3: the server type is a known one; and the engine has it. */
export const knownServerType: Check = ({ deployment: { spec } }) =>
  spec.serverType === "kafka"
    ? [warning("spec.serverType", "kafka is not offered yet, and engines do not start; write rpc")]
    : refuse("spec.serverType", spec.serverType, serverTypes);

const unitWords = (unit: PredictiveUnit, path: string): readonly Finding[] => [
  ...advise(at(path, "type"), unit.type, unitTypes),
  ...(unit.methods ?? []).flatMap((method, i) =>
    advise(item(at(path, "methods"), i), method, methods),
  ),
  ...advise(`${path}.endpoint.type`, unit.endpoint?.type, endpointTypes),
  ...(unit.parameters ?? []).flatMap(({ type }, i) =>
    advise(at(item(at(path, "parameters"), i), "type"), type, parameterTypes),
  ),
  ...advise(`${path}.logger.mode`, unit.logger?.mode, loggerModes),
];

/** The free words of a graph and an explainer; v1 takes any, and an unknown one does nothing. */
export const knownWords: Check = perPredictor((predictor, path) => [
  ...locate(predictor.graph, at(path, "graph")).flatMap(({ unit, path: where }) =>
    unitWords(unit, where),
  ),
  ...advise(`${path}.explainer.type`, predictor.explainer?.type, explainerTypes),
]);
