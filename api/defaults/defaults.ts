/**
 * The last step of `parse`: what a user left out is filled in, in memory and at every pass; it is
 * never written back. The input stays as it is; the output is a new value.
 *
 * Defaulting a defaulted deployment changes nothing, so that those which old versions stored with
 * their defaults come out the same.
 *
 * Source: operator contract, 2.
 */

import { hasSeparateEngine, protocolOf, transportOf } from "../deployment.ts";
import type { Settings } from "../settings.ts";
import type { Deployment, Predictor, PredictorSpec, SeldonDeployment } from "../types.ts";
import { defaultComponents } from "./components.ts";
import type { Context } from "./context.ts";
import { defaultGraph, withEndpoints } from "./graph.ts";
import { makePorts } from "./ports.ts";

/** Source: operator contract, 2, step 1. */
const defaultNamespace = "default";

/** Fills in what a checked deployment leaves out; it must have a name. */
export const defaultDeployment = (
  { status: _status, ...deployment }: SeldonDeployment,
  settings: Settings,
): Deployment => {
  const name = deployment.metadata.name ?? "";
  const namespace = deployment.metadata.namespace || defaultNamespace;
  const context: Context = {
    deployment: name,
    namespace,
    protocol: protocolOf(deployment),
    transport: transportOf(deployment),
    isEngineSeparate: hasSeparateEngine(deployment),
    settings,
    ports: makePorts(settings),
  };
  const predictors = deployment.spec.predictors.map((each) => defaultPredictor(each, context));
  return {
    ...deployment,
    metadata: { ...deployment.metadata, name, namespace },
    spec: { ...deployment.spec, predictors },
  };
};

const defaultPredictor = (predictor: PredictorSpec, context: Context): Predictor => {
  const graph = defaultGraph(predictor.graph);
  const components = predictor.componentSpecs ?? [];
  const defaulted = defaultComponents({ predictor: predictor.name, graph, components }, context);
  return {
    ...predictor,
    labels: { ...predictor.labels, version: predictor.labels?.["version"] ?? predictor.name },
    graph: withEndpoints(graph, defaulted.endpoints),
    componentSpecs: defaulted.components,
  };
};
