import { describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import type { Machine, Site } from "../../local/site.ts";
import { fingerprint, sketch } from "../../local/sketch.ts";
import { deploymentOf } from "./harness.ts";

const machine: Machine = {
  settings: defaultSettings,
  images: [],
  env: { PATH: "/bin" },
  commandFolder: "/espalier/bin",
  logLevel: undefined,
};
const siteOf = (manifest: object, name = "a"): Site => {
  const result = parse(manifest, defaultSettings);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  const index = result.value.spec.predictors.findIndex((predictor) => predictor.name === name);
  return { deployment: result.value, index, folder: "/" };
};

const container = { name: "m", image: "i:1", command: ["run"] };
const predictor = (over: object = {}, inner: object = {}): object => ({
  name: "a",
  graph: { name: "m" },
  componentSpecs: [{ spec: { containers: [{ ...container, ...inner }] } }],
  ...over,
});
const neighbour = {
  ...predictor({ name: "b", traffic: 50 }),
  graph: { name: "other" },
  componentSpecs: [{ spec: { containers: [{ ...container, name: "other" }] } }],
};
const printOf = (predictors: readonly object[], spec: object = {}): string =>
  fingerprint(siteOf(deploymentOf("d", predictors, spec)), machine);

describe("fingerprint", () => {
  const base = printOf([predictor()]);

  it.each([
    { name: "replicas", predictors: [predictor({ replicas: 3 })] },
    { name: "traffic", predictors: [predictor({ traffic: 100 })] },
    { name: "a neighbour behind", predictors: [predictor({ traffic: 50 }), neighbour] },
    { name: "a neighbour in front", predictors: [neighbour, predictor({ traffic: 50 })] },
    { name: "resources", predictors: [predictor({}, { resources: { limits: { cpu: "1" } } })] },
    { name: "an explainer", predictors: [predictor({ explainer: { type: "AnchorTabular" } })] },
  ])("stays the same with $name", ({ predictors }) => {
    expect(printOf(predictors)).toBe(base);
  });

  it.each([
    { name: "another image", predictors: [predictor({}, { image: "i:2" })] },
    { name: "another command", predictors: [predictor({}, { command: ["run", "x"] })] },
    { name: "another variable", predictors: [predictor({}, { env: [{ name: "A", value: "1" }] })] },
    { name: "an annotation", predictors: [predictor({ annotations: { x: "1" } })] },
    { name: "a label", predictors: [predictor({ labels: { x: "1" } })] },
    {
      name: "a parameter",
      predictors: [
        predictor({ graph: { name: "m", parameters: [{ name: "p", value: "1", type: "INT" }] } }),
      ],
    },
    {
      name: "a grace",
      predictors: [
        predictor({
          componentSpecs: [{ spec: { terminationGracePeriodSeconds: 3, containers: [container] } }],
        }),
      ],
    },
    {
      name: "an engine variable",
      predictors: [predictor({ svcOrchSpec: { env: [{ name: "A", value: "1" }] } })],
    },
    {
      name: "a declared port",
      predictors: [predictor({}, { ports: [{ name: "http", containerPort: 1 }] })],
    },
    { name: "another transport", predictors: [predictor()], spec: { transport: "grpc" } },
  ])("changes with $name", ({ predictors, spec }) => {
    expect(printOf(predictors, spec)).not.toBe(base);
  });
});

describe("sketch", () => {
  it("lays out one engine, and every container of every pod", () => {
    const manifest = deploymentOf("d", [
      {
        name: "a",
        graph: { name: "m", children: [{ name: "n" }] },
        componentSpecs: [
          {
            spec: {
              containers: [container],
              initContainers: [
                { ...container, name: "init" },
                { ...container, name: "beside", restartPolicy: "Always" },
              ],
            },
          },
          { spec: { containers: [{ ...container, name: "n" }] } },
        ],
      },
    ]);
    const laid = sketch(siteOf(manifest), machine);
    if (!laid.ok) throw new Error(JSON.stringify(laid.issues));
    const { pods, engine } = laid.value;
    expect(pods.map(({ init }) => init.map(({ name }) => name))).toEqual([["init"], []]);
    expect(pods.map(({ containers }) => containers.map(({ name, port }) => [name, port]))).toEqual([
      [
        ["beside", undefined],
        ["m", 100_000],
      ],
      [["n", 100_003]],
    ]);
    expect(engine).toMatchObject({ label: "d/a/engine", file: "/espalier/bin/espalier" });
    expect(engine?.env["PATH"]).toBe("/espalier/bin:/bin");
    expect(engine?.args.join(" ")).toMatch(/--shutdown_delay 5s .*--shutdown_delay 0s$/);
  });

  it.each([
    { name: "no startup probe", probe: undefined, want: 120_000 },
    { name: "a short one", probe: { periodSeconds: 1, failureThreshold: 5 }, want: 120_000 },
    { name: "a long one", probe: { initialDelaySeconds: 60, failureThreshold: 60 }, want: 660_000 },
  ])("gives a container its time with $name", ({ probe, want }) => {
    const laid = sketch(
      siteOf(
        deploymentOf("d", [predictor({}, probe === undefined ? {} : { startupProbe: probe })]),
      ),
      machine,
    );
    expect(laid.ok && laid.value.pods[0]?.containers[0]?.startLimitMs).toBe(want);
  });

  it.each([
    {
      name: "an engine that the user brings",
      over: {
        componentSpecs: [
          { spec: { containers: [container, { ...container, name: "seldon-container-engine" }] } },
        ],
      },
      path: "spec.predictors[0].componentSpecs[0].spec.containers[1]",
    },
    {
      name: "a Secret for the engine",
      over: {
        svcOrchSpec: {
          env: [
            { name: "A", value: "1" },
            { name: "B", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
          ],
        },
      },
      path: "spec.predictors[0].svcOrchSpec.env[1].valueFrom",
    },
  ])("refuses $name", ({ over, path }) => {
    expect(sketch(siteOf(deploymentOf("d", [predictor(over)])), machine)).toMatchObject({
      ok: false,
      issues: [{ path }],
    });
  });
});
