import { describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { container, manifest, node, pod, server, withPredictor } from "./manifest.ts";

const p0 = "spec.predictors[0]";
const pod0 = `${p0}.componentSpecs[0]`;
const component = (more: object): object =>
  withPredictor({ componentSpecs: [{ ...pod(container("model")), ...more }] });
const hpa = (hpaSpec: object): object => component({ hpaSpec: { maxReplicas: 2, ...hpaSpec } });
const resource = { type: "Resource", resource: { name: "cpu", targetAverageValue: "1" } };
const resourceV2 = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "AverageValue", averageValue: "1" } },
};
const badKey = { "no key": "x" };
const longName = "m".repeat(49);

type Row = {
  readonly name: string;
  readonly value: object;
  readonly faults?: readonly string[];
  readonly warnings?: readonly string[];
};

const rows: readonly Row[] = [
  { name: "a componentSpec with a name", value: component({ metadata: { name: "a.b-c" } }) },
  { name: "a componentSpec with an empty name", value: component({ metadata: { name: "" } }) },
  {
    name: "a componentSpec whose name is none",
    value: component({ metadata: { name: "A_b" } }),
    faults: [`${pod0}.metadata.name`],
  },
  { name: "a server", value: withPredictor({ graph: server("iris"), componentSpecs: [] }) },
  {
    name: "a server whose container cannot have its name",
    value: withPredictor({ graph: server("Iris"), componentSpecs: [] }),
    faults: [`${p0}.graph.name`],
    warnings: [],
  },
  {
    name: "a server whose label cannot have its name",
    value: withPredictor({ graph: server(longName), componentSpecs: [] }),
    faults: [`${p0}.graph.name`],
  },
  {
    name: "a node whose label cannot have its name",
    value: withPredictor({
      graph: node(longName),
      componentSpecs: [pod(container(longName))],
    }),
    faults: [`${p0}.graph.name`],
  },
  {
    name: "a label that is set anyway",
    value: withPredictor({
      labels: { "seldon-deployment-id": "x", app: "y" },
      componentSpecs: [
        {
          ...pod(container("model")),
          metadata: { labels: { "app.kubernetes.io/managed-by": "me" } },
        },
      ],
    }),
    warnings: [
      `${p0}.labels["seldon-deployment-id"]`,
      `${pod0}.metadata.labels["app.kubernetes.io/managed-by"]`,
    ],
  },
  {
    name: "annotations that have no key",
    value: manifest({ annotations: { ...badKey, "Example.com/Ok_1": "" } }),
    faults: ['spec.annotations["no key"]'],
  },
  {
    name: "annotations of a pod that have no key",
    value: component({ metadata: { annotations: badKey } }),
    faults: [`${pod0}.metadata.annotations["no key"]`],
  },
  {
    name: "a rollout without time",
    value: withPredictor({ progressDeadlineSeconds: 0 }),
    faults: [`${p0}.progressDeadlineSeconds`],
  },
  { name: "a rollout with little time", value: withPredictor({ progressDeadlineSeconds: 1 }) },
  { name: "metrics of v2beta1", value: hpa({ metrics: [resource] }) },
  { name: "metrics of v2", value: hpa({ metricsv2: [resourceV2] }) },
  {
    name: "metrics in both forms",
    value: hpa({ metrics: [resource], metricsv2: [resourceV2] }),
    warnings: [`${pod0}.hpaSpec.metricsv2`],
  },
  {
    name: "a metric of no type",
    value: hpa({ metrics: [{ ...resource, type: "resource" }] }),
    faults: [`${pod0}.hpaSpec.metrics[0].type`],
  },
  {
    name: "a metric without its source",
    value: hpa({ metricsv2: [resourceV2, { ...resourceV2, type: "Pods" }] }),
    faults: [`${pod0}.hpaSpec.metricsv2[1].pods`],
  },
];

describe("parse, by what Kubernetes refuses in what is made of a deployment", () => {
  it.each(rows)("$name", ({ value, faults = [], warnings }) => {
    const result = parse(JSON.parse(JSON.stringify(value)), defaultSettings);
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual(faults);
    if (faults.length > 0 && warnings === undefined) return;
    expect(result.warnings.map(({ path }) => path)).toEqual(warnings ?? []);
  });

  it("says in each message what to do", () => {
    for (const { value } of rows) {
      const result = parse(JSON.parse(JSON.stringify(value)), defaultSettings);
      for (const { message } of [...(result.ok ? [] : result.issues), ...result.warnings]) {
        expect(message).toMatch(/[;:?]/);
      }
    }
  });
});
