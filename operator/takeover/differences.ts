/**
 * What of a deployment Espalier does not do, or does otherwise than v1, beyond the fields of its
 * objects. A table; docs/deviations.md is the whole of it, with what is different for every one.
 */
import { hasSeparateEngine, serverTypeOf } from "../../api/deployment.ts";
import { walk } from "../../api/graph.ts";
import type { Issue } from "../../api/result.ts";
import type { Deployment, Predictor } from "../../api/types.ts";

export type Difference = Issue & {
  /** `unsupported`: it does not work; mend it before. `different`: it does, otherwise than before. */
  readonly is: "unsupported" | "different";
};

type Row = {
  readonly is: Difference["is"];
  readonly message: string;
  /** The fields that it is about; none: it does not concern the deployment. */
  readonly paths: (deployment: Deployment) => readonly string[];
};

/** A row that is about predictors: `below` is the field in one of them. */
const ofPredictors =
  (below: string, applies: (predictor: Predictor, deployment: Deployment) => boolean) =>
  (deployment: Deployment): readonly string[] =>
    deployment.spec.predictors.flatMap((predictor, i) =>
      applies(predictor, deployment) ? [`spec.predictors[${i}].${below}`] : [],
    );

const implemented = ({ graph }: Predictor, ...words: readonly string[]): boolean =>
  walk(graph).some(({ implementation }) => words.includes(implementation ?? ""));

const rows: readonly Row[] = [
  {
    is: "unsupported",
    message:
      "engines do not read from Kafka: new pods will not start, and the old ones stay; write rpc",
    paths: (deployment) => (serverTypeOf(deployment) === "kafka" ? ["spec.serverType"] : []),
  },
  {
    is: "unsupported",
    message: "payloads are not logged to Kafka; they go over HTTP, to the logger's url",
    paths: ofPredictors("svcOrchSpec.env", ({ svcOrchSpec }) =>
      (svcOrchSpec?.env ?? []).some(({ name }) => name === "LOGGER_KAFKA_BROKER"),
    ),
  },
  {
    is: "different",
    message: "an engine in a pod of its own heeds timeouts and message sizes of annotations now",
    paths: (deployment) =>
      hasSeparateEngine(deployment) ? ["spec.annotations.seldon.io/engine-separate-pod"] : [],
  },
  {
    is: "different",
    message: "built-in nodes that did nothing under v1 work now",
    paths: ofPredictors("graph", (predictor) =>
      implemented(predictor, "SIMPLE_MODEL", "SIMPLE_ROUTER", "AVERAGE_COMBINER"),
    ),
  },
  {
    is: "different",
    message: "each TENSORFLOW_SERVER of a pod has a server and a model of its own now",
    paths: ofPredictors(
      "graph",
      ({ graph }) =>
        walk(graph).filter(({ implementation }) => implementation === "TENSORFLOW_SERVER").length >
        1,
    ),
  },
  {
    is: "different",
    message: "args and env of an explainer's container are kept now, where v1 dropped them",
    paths: ofPredictors("explainer.containerSpec", ({ explainer }) => {
      const { args = [], env = [] } = explainer?.containerSpec ?? {};
      return args.length + env.length > 0;
    }),
  },
  {
    is: "different",
    message: "a PodDisruptionBudget covers the pods of its own Deployment, and not those of all",
    paths: ofPredictors("componentSpecs", ({ componentSpecs }) =>
      componentSpecs.some(({ pdbSpec }) => pdbSpec !== undefined),
    ),
  },
];

export const differencesFrom = (deployment: Deployment): readonly Difference[] =>
  rows.flatMap(({ is, message, paths }) =>
    paths(deployment).map((path) => ({ is, path, message })),
  );
