import { describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../../../api/settings.ts";
import { percentages } from "../../../../operator/render/route/percent.ts";
import { splitOf } from "../../../../operator/render/route/split.ts";
import { parsed } from "../fixture.ts";
import { deploymentOf, predictor } from "./fixture.ts";

const split = (predictors: readonly object[], unready: readonly string[] = []) => {
  const deployment = parsed(deploymentOf(predictors as never));
  const { live, shadow } = splitOf(
    deployment,
    defaultSettings,
    ({ name }) => !unready.includes(name),
  );
  return {
    live: live.map(({ service, weight }) => `${service} ${weight}`),
    shadow: shadow === undefined ? undefined : `${shadow.service} ${shadow.weight}`,
  };
};

const three = [
  predictor("a", { traffic: 50 }),
  predictor("b", { traffic: 30 }),
  predictor("c", { traffic: 20 }),
];
const canary = [predictor("a", { traffic: 100 }), predictor("b", { traffic: 0 })];
const shadowed = [predictor("a"), predictor("s", { shadow: true, traffic: 10 })];

describe("splitOf", () => {
  it.each([
    { name: "one that says nothing", of: [predictor("a")], live: ["mymodel-a 0"] },
    { name: "one with 0", of: [predictor("a", { traffic: 0 })], live: ["mymodel-a 0"] },
    { name: "one with 100", of: [predictor("a", { traffic: 100 })], live: ["mymodel-a 100"] },
    { name: "one with more", of: [predictor("a", { traffic: 150 })], live: ["mymodel-a 100"] },
    { name: "three", of: three, live: ["mymodel-a 50", "mymodel-b 30", "mymodel-c 20"] },
    {
      name: "two of three",
      of: three,
      unready: ["a"],
      live: ["mymodel-b 30", "mymodel-c 20"],
    },
    { name: "one of three", of: three, unready: ["a", "b"], live: ["mymodel-c 100"] },
    { name: "none of three", of: three, unready: ["a", "b", "c"], live: [] },
    { name: "a canary at 0", of: canary, live: ["mymodel-a 100", "mymodel-b 0"] },
    {
      name: "a main whose canary is not ready",
      of: canary,
      unready: ["b"],
      live: ["mymodel-a 100"],
    },
    { name: "nobody, where a canary at 0 is left", of: canary, unready: ["a"], live: [] },
    { name: "a main and its shadow", of: shadowed, live: ["mymodel-a 0"], shadow: "mymodel-s 10" },
    { name: "a main without its shadow", of: shadowed, unready: ["s"], live: ["mymodel-a 0"] },
    {
      name: "a shadow without its main",
      of: shadowed,
      unready: ["a"],
      live: [],
      shadow: "mymodel-s 10",
    },
    {
      name: "a Service with a name of its own",
      of: [predictor("a", { annotations: { "seldon.io/svc-name": "own" } })],
      live: ["own 0"],
    },
  ])("leads to $name", ({ of, unready = [], live, shadow }) => {
    expect(split(of, unready)).toEqual({ live, shadow });
  });
});

describe("percentages", () => {
  it.each([
    { weights: [100], percents: [100] },
    { weights: [50, 30, 20], percents: [50, 30, 20] },
    { weights: [30, 20], percents: [60, 40] },
    { weights: [1, 1, 1], percents: [34, 33, 33] },
    { weights: [0, 1, 1, 1], percents: [0, 34, 33, 33] },
    { weights: [1, 2], percents: [33, 67] },
    { weights: [0, 7], percents: [0, 100] },
  ])("makes $percents of $weights", ({ weights, percents }) => {
    expect(percentages(weights)).toEqual(percents);
  });
});
