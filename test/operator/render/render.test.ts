import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { defaultSettings } from "../../../api/settings.ts";
import { readYaml, writeYaml } from "../../../api/yaml.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { render } from "../../../operator/render/render.ts";
import { renderRoutes } from "../../../operator/render/route/route.ts";
import { manifestArbitrary } from "../../api/arbitrary.ts";
import { manifestOf, mymodel, parsed } from "./fixture.ts";
import { type DeploymentSpec, desiredOf, namesOf, objectsOf } from "./rendered.ts";

const graph = { name: "model" };
const one = [{ spec: { containers: [{ name: "model", image: "I:1" }] } }];
const deploymentOf = (...predictors: readonly object[]): object => ({
  ...mymodel,
  spec: { predictors },
});

describe("render", () => {
  // Section 14 of the operator contract; the file was read against its table.
  it("renders the worked example", () => {
    const settings = { ...defaultSettings, engineImage: "E:1", istioEnabled: true };
    const deployment = parsed(mymodel, settings);
    const routes = renderRoutes(deployment, settings, () => true);
    if (!routes.ok) throw new Error(JSON.stringify(routes.issues));
    const objects = [...objectsOf(desiredOf(mymodel, settings)), ...routes.value];
    const golden = new URL("../../golden/mymodel.yaml", import.meta.url);
    expect(objects).toEqual(readYaml(readFileSync(golden, "utf8")));
  });

  it("renders one predictor after the other, each with its explainer last", () => {
    const explainer = { type: "AnchorTabular" };
    const manifest = {
      ...deploymentOf(
        { name: "main", graph, componentSpecs: one, traffic: 90, explainer },
        { name: "canary", graph, componentSpecs: [...one, ...one], traffic: 10 },
      ),
    };
    const desired = desiredOf({
      ...manifest,
      spec: {
        ...(manifest as { spec: object }).spec,
        annotations: { "seldon.io/engine-separate-pod": "true" },
      },
    });
    expect(
      desired.deployments.map(({ object, predictor, role, componentIndex }) => [
        object.metadata.name,
        predictor,
        role,
        componentIndex,
      ]),
    ).toEqual([
      ["mymodel-main-svc-orch", "main", "engine", undefined],
      ["mymodel-main-0-model", "main", "component", 0],
      ["mymodel-main-explainer", "main", "explainer", undefined],
      ["mymodel-canary-svc-orch", "canary", "engine", undefined],
      ["mymodel-canary-0-model", "canary", "component", 0],
      ["mymodel-canary-1-model", "canary", "component", 1],
    ]);
    expect(namesOf(desired.services)).toEqual([
      "Service mymodel-main-model",
      "Service mymodel-main",
      "Service mymodel-main-explainer",
      "Service mymodel-canary-model",
      "Service mymodel-canary",
    ]);
  });

  it.each(["true", "false", undefined])(
    "renders containers of one name in two predictors, engine-separate-pod %s",
    (value) => {
      const annotations = value === undefined ? {} : { "seldon.io/engine-separate-pod": value };
      const [first, second] = [
        { name: "a", graph, componentSpecs: one, traffic: 50 },
        { name: "b", graph, componentSpecs: one, traffic: 50 },
      ];
      const spec = { annotations, predictors: [first, second] };
      const names = namesOf(objectsOf(desiredOf({ ...mymodel, spec })));
      expect(new Set(names).size).toBe(names.length);
    },
  );

  it("owns its objects once it is in a cluster", () => {
    const manifest = { ...mymodel, metadata: { ...mymodel.metadata, uid: "u1" } };
    for (const { metadata } of objectsOf(desiredOf(manifest))) {
      expect(metadata.ownerReferences).toEqual([
        {
          apiVersion: "machinelearning.seldon.io/v1",
          kind: "SeldonDeployment",
          name: "mymodel",
          uid: "u1",
          controller: true,
          blockOwnerDeletion: true,
        },
      ]);
    }
    expect(desiredOf(mymodel).services[0]?.metadata).not.toHaveProperty("ownerReferences");
  });

  it("mounts the certificate in servers and on the engine of a built-in root", () => {
    const ssl = { certSecretName: "cert" };
    const manifest = deploymentOf({
      name: "default",
      ssl,
      graph: {
        name: "r",
        implementation: "RANDOM_ABTEST",
        parameters: [{ name: "ratioA", value: "0.5", type: "FLOAT" }],
        children: [
          { name: "a", implementation: "TENSORFLOW_SERVER", modelUri: "gs://a" },
          { name: "b" },
        ],
      },
      componentSpecs: [
        { spec: { containers: [] } },
        { spec: { containers: [{ name: "b", image: "B:1" }] } },
      ],
    });
    const mounts = desiredOf(manifest).deployments.flatMap(({ object }) =>
      (object["spec"] as DeploymentSpec).template.spec.containers.map(({ name, volumeMounts }) => [
        name,
        volumeMounts?.some((mount) => mount.name === "seldon-cert-volume") ?? false,
      ]),
    );
    expect(mounts).toEqual([
      ["a", true],
      ["seldon-container-engine", true],
      ["tfserving", true],
      ["b", false],
    ]);
  });

  it("has no certificate without an engine", () => {
    const annotations = { "seldon.io/no-engine": "true" };
    const desired = desiredOf(
      manifestOf({ graph, componentSpecs: one, annotations, ssl: { certSecretName: "c" } }),
    );
    expect(JSON.stringify(desired)).not.toContain("seldon-cert-volume");
  });

  it.each([
    {
      name: "a fault of the settings, once",
      manifest: deploymentOf(
        { name: "a", graph, componentSpecs: one, traffic: 50 },
        { name: "b", graph, componentSpecs: one, traffic: 50 },
      ),
      settings: { engineUser: "root" },
      want: ["settings.engineUser"],
    },
    {
      name: "a name that no Service may have",
      manifest: { ...mymodel, metadata: { name: "1st", namespace: "ns1" } },
      want: ["metadata.name"],
    },
    {
      name: "a predictor and a container whose Services share a name",
      manifest: deploymentOf(
        {
          name: "a",
          graph: { name: "b" },
          componentSpecs: [{ spec: { containers: [{ name: "b", image: "B" }] } }],
          traffic: 50,
        },
        { name: "a-b", graph, componentSpecs: one, traffic: 50 },
      ),
      want: ["spec.predictors[1].name"],
    },
    {
      name: "a name for a Service that another one has",
      manifest: deploymentOf({
        name: "a",
        graph,
        componentSpecs: one,
        annotations: { "seldon.io/svc-name": "mymodel-a-model" },
      }),
      want: ['spec.predictors[0].annotations["seldon.io/svc-name"]'],
    },
    {
      name: "a container called explainer beside an explainer",
      manifest: manifestOf({
        graph: { name: "explainer" },
        componentSpecs: [{ spec: { containers: [{ name: "explainer", image: "X" }] } }],
        explainer: { type: "AnchorTabular" },
      }),
      want: ["spec.predictors[0].explainer"],
    },
    {
      name: "Deployments that share a name",
      manifest: deploymentOf(
        {
          name: "a",
          graph,
          componentSpecs: [{ metadata: { name: "0-x" }, ...one[0] }],
          traffic: 50,
        },
        {
          name: "a-0",
          graph,
          componentSpecs: [{ metadata: { name: "x" }, ...one[0] }],
          traffic: 50,
        },
      ),
      want: ["spec.predictors[1].componentSpecs[0].metadata.name"],
    },
  ])("finds $name", ({ manifest, settings = {}, want }) => {
    const all = { ...defaultSettings, ...settings };
    const result = render(parsed(manifest, all), all);
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual(want);
  });
});

/** Another seed is other cases: what one run finds, the next one must find too. */
const options = { seed: 20_261_122, numRuns: 100 } as const;
const switches = fc.record({
  istioEnabled: fc.boolean(),
  kedaEnabled: fc.boolean(),
  ambassadorEnabled: fc.boolean(),
  gatewayApiEnabled: fc.boolean(),
  ambassadorVersion: fc.constantFrom("v1", "v2"),
  deploymentNameAsPrefix: fc.boolean(),
});
/** The name of a deployment: short, or as long as names may be. */
const deploymentNames = fc.constantFrom("m", "m".repeat(40), "m".repeat(63), "m".repeat(253));

/** Lists that server-side apply keys, as the paths and keys of their items. */
const keyedLists = (object: KubernetesObject): readonly (readonly unknown[])[] => {
  const { template } = object["spec"] as DeploymentSpec;
  const { containers, initContainers = [], volumes = [] } = template.spec;
  return [
    volumes.map(({ name }) => name),
    [...containers, ...initContainers].map(({ name }) => name),
    ...[...containers, ...initContainers].flatMap(({ env = [], ports = [], volumeMounts = [] }) => [
      env.map(({ name }) => name),
      ports.map(({ containerPort, protocol = "TCP" }) => `${containerPort}/${protocol}`),
      volumeMounts.map(({ mountPath }) => mountPath),
    ]),
  ];
};

describe("render, for any good manifest", () => {
  const rendered = fc
    .tuple(manifestArbitrary, switches, deploymentNames)
    .map(([manifest, changed, name]) => {
      const settings = { ...defaultSettings, ...changed, gateway: "infra/gateway" };
      const deployment = parsed({ ...manifest, metadata: { name } }, settings);
      return { deployment, settings };
    });

  it("is deterministic, and YAML keeps what it says", () => {
    fc.assert(
      fc.property(rendered, ({ deployment, settings }) => {
        const first = render(deployment, settings);
        expect(JSON.stringify(render(structuredClone(deployment), settings))).toBe(
          JSON.stringify(first),
        );
        if (!first.ok) throw new Error(JSON.stringify(first.issues));
        for (const object of objectsOf(first.value)) {
          expect(readYaml(writeYaml(object))).toEqual([object]);
        }
      }),
      options,
    );
  });

  it("makes names, labels and selectors that Kubernetes takes", () => {
    const isName = (text: string): boolean => /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
    const isWord = (text: string): boolean =>
      /^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/.test(text.replace(/^[a-z.]+\//, ""));
    fc.assert(
      fc.property(rendered, ({ deployment, settings }) => {
        const result = render(deployment, settings);
        if (!result.ok) throw new Error(JSON.stringify(result.issues));
        const objects = objectsOf(result.value);
        const names = namesOf(objects);
        const words = objects.flatMap(({ metadata }) =>
          Object.entries(metadata.labels ?? {}).flat(),
        );
        expect(objects.filter(({ metadata }) => !isName(metadata.name))).toEqual([]);
        expect(words.filter((word) => !isWord(word))).toEqual([]);
        expect(names.filter((name, j) => names.indexOf(name) !== j)).toEqual([]);
        for (const { object } of result.value.deployments) {
          const { selector, template } = object["spec"] as DeploymentSpec;
          expect(template.metadata.labels).toMatchObject(selector.matchLabels);
          expect(template.metadata.labels).not.toHaveProperty(["espalier.io/deployment"]);
        }
      }),
      options,
    );
  });

  it("has each key of a list once", () => {
    fc.assert(
      fc.property(rendered, ({ deployment, settings }) => {
        const result = render(deployment, settings);
        if (!result.ok) throw new Error(JSON.stringify(result.issues));
        const lists = result.value.deployments.flatMap(({ object }) => keyedLists(object));
        expect(lists.filter((list) => new Set(list).size < list.length)).toEqual([]);
      }),
      options,
    );
  });
});
