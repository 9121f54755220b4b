import { describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { withoutEffect } from "../../local/obstacles.ts";
import { deploymentOf, predictorOf } from "./harness.ts";

const pathsOf = (over: object, spec: object = {}): readonly string[] => {
  const result = parse(deploymentOf("d", [predictorOf("p", "1", over)], spec), defaultSettings);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return withoutEffect(result.value).map(({ path }) => path);
};
const pod = (over: object, inner: object = {}): object => ({
  componentSpecs: [{ spec: { containers: [{ name: "model", image: "i", ...inner }] }, ...over }],
});

describe("withoutEffect", () => {
  it.each([
    { name: "nothing", over: {}, want: [] },
    { name: "one replica", over: { replicas: 1 }, want: [] },
    { name: "replicas", over: { replicas: 2 }, want: ["spec.predictors[0].replicas"] },
    {
      name: "pod replicas",
      over: pod({ replicas: 0 }),
      want: ["spec.predictors[0].componentSpecs[0].replicas"],
    },
    {
      name: "a scaler",
      over: pod({ hpaSpec: { maxReplicas: 3 } }),
      want: ["spec.predictors[0].componentSpecs[0].hpaSpec"],
    },
    {
      name: "an explainer",
      over: { explainer: { type: "AnchorText" } },
      want: ["spec.predictors[0].explainer"],
    },
    {
      name: "a certificate",
      over: { ssl: { certSecretName: "s" } },
      want: ["spec.predictors[0].ssl"],
    },
    {
      name: "a model to download",
      over: { graph: { name: "model", modelUri: "gs://m" } },
      want: ["spec.predictors[0].graph.modelUri"],
    },
    {
      name: "a volume",
      over: pod({}, { volumeMounts: [{ name: "v", mountPath: "/v" }] }),
      want: ["spec.predictors[0].componentSpecs[0].spec.containers[0].volumeMounts[0]"],
    },
  ])("names $name", ({ over, want }) => {
    expect(pathsOf(over)).toEqual(want);
  });

  it("names what the whole deployment asks for", () => {
    expect(pathsOf({}, { replicas: 2 })).toEqual(["spec.replicas"]);
  });
});
