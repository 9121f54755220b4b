/** What holds for every node of a graph: the rules of v1. */

import { builtInNames } from "../built-ins/all.ts";
import { findContainer } from "../deployment.ts";
import { isCustom, isPrepackaged, locate } from "../graph.ts";
import { at } from "../path.ts";
import { hint } from "../spelling.ts";
import type { PredictiveUnit, PredictorSpec } from "../types.ts";
import { type Check, type Finding, fault, perPredictor, type Subject } from "./check.ts";

export type Spot = {
  readonly unit: PredictiveUnit;
  readonly path: string;
  readonly predictor: PredictorSpec;
};

/** A check of each node by itself. */
export const perUnit = (check: (spot: Spot, subject: Subject) => readonly Finding[]): Check =>
  perPredictor((predictor, path, subject) =>
    locate(predictor.graph, at(path, "graph")).flatMap((located) =>
      check({ ...located, predictor }, subject),
    ),
  );

export const containerNames = ({ componentSpecs }: PredictorSpec): readonly string[] =>
  (componentSpecs ?? []).flatMap(({ spec }) => (spec?.containers ?? []).map(({ name }) => name));

/** Rule 10: a node that no implementation serves has a container of its name. */
export const nodeHasContainer: Check = perUnit(({ unit, path, predictor }) => {
  if (unit.name === "") {
    const message = "is empty; name the node, after its container if it has one";
    return [fault(at(path, "name"), message)];
  }
  if (!isCustom(unit) || findContainer(predictor, unit.name) !== undefined) return [];
  const message =
    `no container of this predictor is called "${unit.name}"; ` +
    `add one to componentSpecs, or set implementation${hint(unit.name, containerNames(predictor))}`;
  return [fault(at(path, "name"), message)];
});

/** Rule 11: a node of no type has methods, or nothing would be called. */
export const nodeDoesSomething: Check = perUnit(({ unit, path }) =>
  isCustom(unit) && unit.type === "UNKNOWN_TYPE" && !unit.methods?.length
    ? [fault(at(path, "type"), "is UNKNOWN_TYPE with no methods; write type: MODEL, or methods")]
    : [],
);

/** Rule 12: a prepackaged server is told which model to load; Hugging Face has a hub. */
export const serverHasModel: Check = perUnit(({ unit, path }) =>
  isPrepackaged(unit) && unit.implementation !== "HUGGINGFACE_SERVER" && !unit.modelUri
    ? [
        fault(
          at(path, "modelUri"),
          `is missing, and ${unit.implementation} needs it; write where the model is stored`,
        ),
      ]
    : [],
);

/** Source: operator contract, 3, rule 13. */
const notTensorflow = ["SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER"];

/** Rule 13: some servers do not speak the protocol of TensorFlow. */
export const serverSpeaksTensorflow: Check = perUnit(({ unit, path }, { deployment }) =>
  deployment.spec.protocol === "tensorflow" && notTensorflow.includes(unit.implementation ?? "")
    ? [
        fault(
          at(path, "implementation"),
          `${unit.implementation} does not speak protocol tensorflow; use seldon or v2, ` +
            "or TENSORFLOW_SERVER",
        ),
      ]
    : [],
);

/** Rule 14: an implementation without an image of its own is a server that the settings know. */
export const serverIsKnown: Check = perUnit(({ unit, path, predictor }, { settings }) => {
  const { implementation } = unit;
  const servers = settings.predictorServers;
  if (implementation === undefined || !isPrepackaged(unit)) return [];
  if (Object.hasOwn(servers, implementation)) return [];
  if (findContainer(predictor, unit.name)?.container.image) return [];
  const words = [...builtInNames, ...Object.keys(servers)];
  const message =
    `"${implementation}" is neither a built-in node nor one of the predictor_servers of seldon-config; ` +
    `name one of them, or give the container an image${hint(implementation, words)}`;
  return [fault(at(path, "implementation"), message)];
});

/** Rule 15: a logger says what it logs. */
export const loggerHasMode: Check = perUnit(({ unit, path }) =>
  unit.logger !== undefined && !unit.logger.mode
    ? [fault(`${path}.logger.mode`, "is missing; write all, request or response")]
    : [],
);

type Typed = { readonly type: string; readonly path: string };

const endpointTypes = ({ deployment }: Subject): readonly Typed[] =>
  deployment.spec.predictors.flatMap(({ graph }, i) =>
    locate(graph, `spec.predictors[${i}].graph`).flatMap(({ unit, path }) =>
      unit.endpoint?.type ? [{ type: unit.endpoint.type, path: `${path}.endpoint.type` }] : [],
    ),
  );

/** Rule 16: all endpoints of a deployment are of one type. */
export const oneEndpointType: Check = (subject) => {
  const [first, ...others] = endpointTypes(subject);
  const other = others.find(({ type }) => type !== first?.type);
  if (first === undefined || other === undefined) return [];
  const message = `is ${other.type}, but ${first.path} is ${first.type}; use one type for all nodes`;
  return [fault(other.path, message)];
};

/** Rule 17: the type of the endpoints does not contradict the transport. */
export const endpointTypeFitsTransport: Check = (subject) => {
  const { transport } = subject.deployment.spec;
  const [first, ...others] = endpointTypes(subject);
  if (first === undefined || others.some(({ type }) => type !== first.type)) return [];
  const contradicts =
    (first.type === "REST" && transport === "grpc") ||
    (first.type === "GRPC" && transport === "rest");
  if (!contradicts) return [];
  const message = `is ${first.type}, but spec.transport is ${transport}; make them agree`;
  return [fault(first.path, message)];
};
