import { parse } from "../../../api/parse.ts";
import { defaultSettings, type Settings } from "../../../api/settings.ts";
import type { Container, Deployment } from "../../../api/types.ts";
import type { Subject } from "../../../operator/render/subject.ts";
import { renderWorkloads, type Workload } from "../../../operator/render/workload.ts";

/** The worked rendering. Source: operator contract, 14. */
export const mymodel = {
  apiVersion: "machinelearning.seldon.io/v1",
  kind: "SeldonDeployment",
  metadata: { name: "mymodel", namespace: "ns1" },
  spec: {
    predictors: [
      {
        name: "default",
        replicas: 1,
        graph: { name: "model" },
        componentSpecs: [{ spec: { containers: [{ name: "model", image: "I:1" }] } }],
      },
    ],
  },
};

/** A manifest of one predictor with these fields, in these annotations. */
export const manifestOf = (predictor: object, spec: object = {}): object => ({
  ...mymodel,
  spec: { ...spec, predictors: [{ name: "default", ...predictor }] },
});

export const parsed = (manifest: object, settings: Settings = defaultSettings): Deployment => {
  const result = parse(manifest, settings);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
};

export const subjectOf = (
  manifest: object,
  settings: Settings = defaultSettings,
  index = 0,
): Subject => {
  const deployment = parsed(manifest, settings);
  const predictor = deployment.spec.predictors[index];
  if (predictor === undefined) throw new Error(`no predictor ${index}`);
  return { deployment, predictor, settings };
};

export const workloadsOf = (
  manifest: object,
  settings: Settings = defaultSettings,
  index = 0,
): readonly Workload[] => {
  const result = renderWorkloads(subjectOf(manifest, settings, index));
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
};

export const containerNames = (workloads: readonly Workload[]): readonly (readonly string[])[] =>
  workloads.map(({ spec }) => spec.containers.map(({ name }) => name));

export const containerOf = (workloads: readonly Workload[], name: string): Container => {
  const found = workloads
    .flatMap(({ spec }) => spec.containers)
    .find((container) => container.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
};

/** The environment as `NAME=value` lines. */
export const envOf = ({ env = [] }: Container): readonly string[] =>
  env.map(({ name, value }) => `${name}=${value ?? ""}`);
