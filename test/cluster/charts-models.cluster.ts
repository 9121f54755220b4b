/** The charts of models and load, by the real Helm, against the CRD on a real API server. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { type ChartSite, openChartSite } from "./support/chart-site.ts";
import type { Cluster } from "./support/cluster.ts";
import { chartFolder, type Helm } from "./support/helm.ts";

let site: ChartSite;
let cluster: Cluster;
let namespace: string;
let helm: Helm;

beforeAll(async () => {
  site = await openChartSite();
  ({ cluster, namespace, helm } = site);
});
afterAll(() => site.close());

const image = "model.image=example.com/model:1";
const stored = ["model.implementation=SKLEARN_SERVER", "model.uri=gs://models/iris"];

/** A metric in the form of autoscaling/v2beta1, as values for seldon-single-model have it. */
const retired = [
  "hpa.metrics[0].type=Resource",
  "hpa.metrics[0].resource.name=cpu",
  "hpa.metrics[0].resource.targetAverageUtilization=50",
];

/** Chart, values. */
const rows: readonly (readonly [string, readonly string[]])[] = [
  ["single-model", [image]],
  ["single-model", [image, "apiVersion=machinelearning.seldon.io/v1alpha2", "labels.a=b"]],
  ["single-model", [...stored, "model.envSecretRefName=store", "protocol=v2", "replicas=3"]],
  ["single-model", [...stored, "hpa.enabled=true", "model.logger.enabled=true"]],
  ["single-model", [image, "hpa.enabled=true", ...retired]],
  ["single-model", [...stored, "model.implementation=MLFLOW_SERVER", "model.mlflow.xtype=ndarray"]],
  ["abtest", []],
  ["abtest", ["separate_pods=false", "traffic_modela_percentage=0.9", "replicas=2"]],
  ["mab", []],
  ["mab", ["mab.implementation=THOMPSON_SAMPLING", "engine.env.SELDON_LOG_LEVEL=DEBUG"]],
  ["mab", ["mab.image.name=seldonio/mab_epsilon_greedy", "mab.image.version=1.17.1"]],
  ["od-model", []],
  ["od-model", ["model.type=zscore", "engine.resources.requests.cpu=1"]],
  ["od-model", ["model.type=isolationforest", "model.isolationforest.model_uri=file:///f.json"]],
  ["od-model", ["model.type=vae", "model.image=example.com/vae:1"]],
  ["od-transformer", []],
  ["od-transformer", ["outlierDetection.enabled=false"]],
  ["od-transformer", ["outlierDetection.type=iqr", "outlierDetection.action=block"]],
  ["od-transformer", ["outlierDetection.type=vae", "outlierDetection.image=example.com/vae:1"]],
  ["loadtest", []],
  ["loadtest", ["loadtest.sendFeedback=1", "rest.pathPrefix=/seldon/a/b", "image.tag=1"]],
];

const flags = (set: readonly string[]): readonly string[] => set.flatMap((one) => ["--set", one]);

const inWords = rows.map(([chart, set]) => ({ chart, set, words: set.join(" ") || "defaults" }));

describe("charts of models", () => {
  it.each(inWords)("espalier-$chart passes helm lint: $words", async ({ chart, set }) => {
    await helm.must("lint", "--strict", chartFolder(`espalier-${chart}`), ...flags(set));
  });

  it.each(inWords)("espalier-$chart renders what is taken: $words", async ({ chart, set }) => {
    const objects = await helm.template(`espalier-${chart}`, namespace, ...flags(set));
    expect(objects.length).toBeGreaterThan(0);
    for (const object of objects) {
      const warnings: string[] = [];
      await cluster.api.apply(object, {
        ...{ dryRun: true, fieldValidation: "Strict" },
        onWarning: (text) => warnings.push(text),
      });
      expect(warnings).toEqual([]);
      if (object.kind !== "SeldonDeployment") continue;
      const parsed = parse(object, defaultSettings);
      expect(parsed.ok ? [] : parsed.issues).toEqual([]);
      expect(parsed.warnings).toEqual([]);
    }
  });

  it.each([
    ["single-model", [], "model.image"],
    ["single-model", [image, "replicas=many"], "/replicas"],
    ["abtest", ["traffic_modela_percentage=50"], "/traffic_modela_percentage"],
    ["mab", ["mab.epsilon=high"], "/mab/epsilon"],
    ["od-model", ["model.type=vae"], "mahalanobis"],
    ["od-transformer", ["outlierDetection.action=drop"], "/outlierDetection/action"],
    ["loadtest", ["locust.host=here"], "/locust/host"],
  ])("espalier-%s refuses %j, and says where", async (chart, set, where) => {
    const words = ["template", "release", chartFolder(`espalier-${chart}`), ...flags(set)];
    const { code, stderr } = await helm.run(words);
    expect(code).not.toBe(0);
    expect(stderr).toContain(where);
  });
});
