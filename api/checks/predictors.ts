/** What holds for each predictor, and between them. */

import { hasNoEngine, noEngineAnnotation } from "../deployment.ts";
import { count } from "../graph.ts";
import { serviceNameAnnotation } from "../names.ts";
import { at, item } from "../path.ts";
import { type Check, type Finding, fault, perPredictor, warning } from "./check.ts";

/** Source: operator contract, 3, rule 4. */
const kafkaVariables = ["KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC"];

/** Rule 4: a Kafka server knows its broker and topics. */
export const kafkaHasItsVariables: Check = perPredictor((predictor, path, { deployment }) => {
  if (deployment.spec.serverType !== "kafka") return [];
  const given = new Set(predictor.svcOrchSpec?.env?.map(({ name }) => name));
  const missing = kafkaVariables.filter((name) => !given.has(name));
  if (missing.length === 0) return [];
  const message = `lacks ${missing.join(", ")}, which serverType kafka needs; add them`;
  return [fault(`${path}.svcOrchSpec.env`, message)];
});

/** Rule 8: without an engine there is one node, for nobody would walk the others. */
export const noEngineHasOneNode: Check = perPredictor((predictor, path) => {
  const annotation = predictor.annotations?.[noEngineAnnotation];
  const nodes = count(predictor.graph);
  if (annotation === undefined || nodes === 1) return [];
  const message =
    `forbids an engine (with any value, also "${annotation}"), but the graph has ${nodes} nodes; ` +
    "remove the annotation, or all nodes but one";
  return [fault(at(at(path, "annotations"), noEngineAnnotation), message)];
});

/** What is told to an engine is told to nobody where there is none. Source: operator contract, 4.6. */
export const engineIsThere: Check = perPredictor((predictor, path) => {
  if (!hasNoEngine(predictor)) return [];
  const { ssl, svcOrchSpec = {}, graph } = predictor;
  const told = [
    ...(ssl?.certSecretName ? [at(path, "ssl")] : []),
    ...Object.keys(svcOrchSpec).map((field) => at(at(path, "svcOrchSpec"), field)),
    ...(graph.logger ? [`${path}.graph.logger`] : []),
  ];
  const message = `has no effect without an engine; remove it, or the annotation ${noEngineAnnotation}`;
  return told.map((where) => warning(where, message));
});

/** Every value that an earlier predictor already has. */
const repeated = (values: readonly (string | undefined)[]): readonly number[] =>
  values.flatMap((value, i) => (value && values.indexOf(value) < i ? [i] : []));

/** Rule 6: no two predictors claim one Service name. */
export const serviceNamesAreUnique: Check = ({ deployment: { spec } }) =>
  repeated(spec.predictors.map(({ annotations }) => annotations?.[serviceNameAnnotation])).map(
    (i) => {
      const path = at(at(item("spec.predictors", i), "annotations"), serviceNameAnnotation);
      return fault(path, "is the Service name of an earlier predictor too; give each its own");
    },
  );

/** Rule 9: predictors have different names. */
export const predictorNamesAreUnique: Check = ({ deployment: { spec } }) =>
  repeated(spec.predictors.map(({ name }) => name)).map((i) =>
    fault(
      at(item("spec.predictors", i), "name"),
      `"${spec.predictors[i]?.name}" is the name of an earlier predictor too; rename one`,
    ),
  );

/** Fields that v1 takes and nobody reads. Source: operator contract, 12, row 26. */
export const deadFields: Check = (subject) => {
  const { spec } = subject.deployment;
  const unused = (path: string, value: unknown): readonly Finding[] =>
    value === undefined ? [] : [warning(path, "is accepted and has no effect; remove it")];
  return [
    ...unused("spec.oauth_key", spec.oauth_key),
    ...unused("spec.oauth_secret", spec.oauth_secret),
    ...spec.predictors.flatMap(({ engineResources, svcOrchSpec }, i) => {
      const path = item("spec.predictors", i);
      return engineResources === undefined || svcOrchSpec?.resources !== undefined
        ? unused(at(path, "engineResources"), engineResources)
        : [
            warning(
              at(path, "engineResources"),
              "has no effect; write svcOrchSpec.resources instead",
            ),
          ];
    }),
  ];
};
