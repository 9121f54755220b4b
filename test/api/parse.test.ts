import { describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { cpuMsOf } from "../support/cpu-time.ts";
import { builtIn, container, manifest, node, pod, predictor, withPredictor } from "./manifest.ts";

const paths = (value: unknown, strict = false): readonly string[] => {
  const result = parse(value, defaultSettings, { strict });
  return result.ok ? [] : result.issues.map(({ path }) => path);
};

const messages = (value: unknown): readonly string[] => {
  const result = parse(value, defaultSettings);
  return (result.ok ? [] : result.issues).map(({ path, message }) => `${path}: ${message}`);
};

const warnings = (value: unknown): readonly string[] =>
  parse(value, defaultSettings).warnings.map(({ path, message }) => `${path}: ${message}`);

const p0 = "spec.predictors[0]";
const c0 = `${p0}.componentSpecs[0].spec.containers[0]`;
const graphWith = (more: object): object => withPredictor({ graph: node("model", { ...more }) });
const containerWith = (more: object): object =>
  withPredictor({ componentSpecs: [pod(container("model", { ...more }))] });

describe("parse", () => {
  it.each(["v1", "v1alpha2", "v1alpha3"])("takes version %s", (version) => {
    const value = { ...manifest(), apiVersion: `machinelearning.seldon.io/${version}` };
    expect(parse(value, defaultSettings).ok).toBe(true);
  });

  it("freezes its result all the way down, and leaves its input alone", () => {
    const value = manifest();
    const before = JSON.stringify(value);
    const result = parse(value, defaultSettings);
    if (!result.ok) throw new Error("expected success");
    const unfrozen = (held: unknown): boolean =>
      typeof held === "object" &&
      held !== null &&
      (!Object.isFrozen(held) || Object.values(held).some(unfrozen));
    expect(unfrozen(result.value)).toBe(false);
    expect(JSON.stringify(value)).toBe(before);
    expect(Object.isFrozen(value)).toBe(false);
  });

  it("tells all faults of a manifest at once", () => {
    const value = {
      apiVersion: "machinelearning.seldon.io/v1",
      kind: "SeldonDeployment",
      metadata: { name: "My_Model" },
      spec: {
        protocol: "seldom",
        transport: "http",
        annotations: { "seldon.io/rest-timeout": "10s" },
        predictors: [
          {
            name: "a",
            replicas: "2",
            graph: {
              name: "model",
              parameters: [{ name: "x", value: 0.5, type: "FLOAT" }],
              logger: { mode: "" },
              children: [{ name: "nowhere" }, { type: "MODEL" }],
            },
            componentSpecs: [pod(container("model", { env: [{ name: "A", value: true }] }))],
            traffic: 50,
          },
          { name: "a", traffic: 40, graph: builtIn("m") },
        ],
      },
    };
    expect([...paths(value)].sort()).toEqual(
      [
        "metadata.name",
        "spec.protocol",
        "spec.transport",
        'spec.annotations["seldon.io/rest-timeout"]',
        `${p0}.replicas`,
        `${p0}.graph.parameters[0].value`,
        `${p0}.graph.logger.mode`,
        `${p0}.graph.children[0].name`,
        `${p0}.graph.children[1].name`,
        `${c0}.env[0].value`,
        "spec.predictors[1].name",
        "spec.predictors",
      ].sort(),
    );
  });

  it.each([
    {
      name: "a document of another kind",
      value: { apiVersion: "v1", kind: "Service" },
      want: ["apiVersion", "kind"],
    },
    {
      name: "a slip in the kind",
      value: { ...manifest(), kind: "SeldonDeploymnt" },
      want: ["kind"],
    },
    {
      name: "a version nobody knows",
      value: { ...manifest(), apiVersion: "machinelearning.seldon.io/v2" },
      want: ["apiVersion"],
    },
    {
      name: "a missing version",
      value: { ...manifest(), apiVersion: undefined },
      want: ["apiVersion"],
    },
    { name: "a missing spec", value: { ...manifest(), spec: undefined }, want: ["spec"] },
    { name: "missing metadata", value: { ...manifest(), metadata: undefined }, want: ["metadata"] },
    { name: "a missing name", value: manifest({}, { name: undefined }), want: ["metadata.name"] },
    {
      name: "generateName",
      value: manifest({}, { name: undefined, generateName: "a-" }),
      want: ["metadata.name"],
    },
    { name: "a dotted name", value: manifest({}, { name: "a.b" }), want: ["metadata.name"] },
    {
      name: "a namespace in capitals",
      value: manifest({}, { namespace: "NS" }),
      want: ["metadata.namespace"],
    },
    {
      name: "a predictor that is text",
      value: manifest({ predictors: ["a"] }),
      want: ["spec.predictors[0]"],
    },
    {
      name: "predictors that are one mapping",
      value: manifest({ predictors: predictor() }),
      want: ["spec.predictors"],
    },
    {
      name: "a predictor that is null",
      value: manifest({ predictors: [null] }),
      want: ["spec.predictors[0]"],
    },
    {
      name: "a missing predictor name",
      value: withPredictor({ name: undefined }),
      want: [`${p0}.name`],
    },
    { name: "a null graph", value: withPredictor({ graph: null }), want: [`${p0}.graph`] },
    {
      name: "a node without a name",
      value: withPredictor({ graph: {} }),
      want: [`${p0}.graph.name`],
    },
    {
      name: "an unquoted parameter",
      value: graphWith({ parameters: [{ name: "a", value: 0.5, type: "FLOAT" }] }),
      want: [`${p0}.graph.parameters[0].value`],
    },
    {
      name: "a parameter without type",
      value: graphWith({ parameters: [{ name: "a", value: "1" }] }),
      want: [`${p0}.graph.parameters[0].type`],
    },
    {
      name: "a fractional replica",
      value: withPredictor({ replicas: 1.5 }),
      want: [`${p0}.replicas`],
    },
    { name: "negative replicas", value: withPredictor({ replicas: -1 }), want: [`${p0}.replicas`] },
    {
      name: "replicas beyond 32 bits",
      value: withPredictor({ replicas: 2 ** 31 }),
      want: [`${p0}.replicas`],
    },
    {
      name: "a shadow in quotes",
      value: withPredictor({ shadow: "false" }),
      want: [`${p0}.shadow`],
    },
    {
      name: "a number as a label",
      value: withPredictor({ labels: { version: 1 } }),
      want: [`${p0}.labels.version`],
    },
    {
      name: "a label that is none",
      value: withPredictor({ labels: { version: "a b" } }),
      want: [`${p0}.labels.version`],
    },
    {
      name: "a label key that is none",
      value: withPredictor({ labels: { "a/b/c": "x" } }),
      want: [`${p0}.labels["a/b/c"]`],
    },
    {
      name: "a pod spec without containers",
      value: withPredictor({ graph: builtIn("m"), componentSpecs: [{ spec: {} }] }),
      want: [`${p0}.componentSpecs[0].spec.containers`],
    },
    {
      name: "a container without a name",
      value: withPredictor({ graph: builtIn("m"), componentSpecs: [pod({ image: "x" })] }),
      want: [`${c0}.name`],
    },
    {
      name: "a number in env",
      value: containerWith({ env: [{ name: "A", value: 1 }] }),
      want: [`${c0}.env[0].value`],
    },
    {
      name: "a command that is text",
      value: containerWith({ command: "serve" }),
      want: [`${c0}.command`],
    },
    {
      name: "a quantity of megabytes",
      value: containerWith({ resources: { limits: { memory: "512MB" } } }),
      want: [`${c0}.resources.limits.memory`],
    },
    {
      name: "a probe with neither port",
      value: containerWith({ livenessProbe: { httpGet: { port: 1.5 } } }),
      want: [`${c0}.livenessProbe.httpGet.port`],
    },
    {
      name: "a list for a string",
      value: graphWith({ modelUri: ["x"] }),
      want: [`${p0}.graph.modelUri`],
    },
    {
      name: "a word for a boolean",
      value: withPredictor({ shadow: "maybe" }),
      want: [`${p0}.shadow`],
    },
    {
      name: "labels that are a list",
      value: withPredictor({ labels: ["a"] }),
      want: [`${p0}.labels`],
    },
    {
      name: "missing lists, maps, numbers and booleans",
      value: withPredictor({
        componentSpecs: [
          {
            ...pod(container("model", { lifecycle: { preStop: { sleep: {} } } })),
            kedaSpec: { triggers: [{ type: "cron" }] },
          },
        ],
      }),
      want: [
        `${c0}.lifecycle.preStop.sleep.seconds`,
        `${p0}.componentSpecs[0].kedaSpec.triggers[0].metadata`,
      ],
    },
    {
      name: "a fault in an init container",
      value: withPredictor({
        componentSpecs: [
          { spec: { containers: [container("model")], initContainers: [container("model")] } },
        ],
      }),
      want: [`${p0}.componentSpecs[0].spec.initContainers[0].name`],
    },
    {
      name: "a port in quotes",
      value: containerWith({ ports: [{ containerPort: "80" }] }),
      want: [`${c0}.ports[0].containerPort`],
    },
    {
      name: "a probe without a port",
      value: containerWith({ livenessProbe: { httpGet: { path: "/" } } }),
      want: [`${c0}.livenessProbe.httpGet.port`],
    },
    {
      name: "an HPA without a maximum",
      value: withPredictor({
        componentSpecs: [{ ...pod(container("model")), hpaSpec: { minReplicas: 1 } }],
      }),
      want: [`${p0}.componentSpecs[0].hpaSpec.maxReplicas`],
    },
    {
      name: "KEDA without triggers",
      value: withPredictor({ componentSpecs: [{ ...pod(container("model")), kedaSpec: {} }] }),
      want: [`${p0}.componentSpecs[0].kedaSpec.triggers`],
    },
  ])("refuses $name", ({ value, want }) => {
    expect(paths(value)).toEqual(want);
  });

  it.each([null, undefined, 5, "text", true, [], () => 1, new Date(), new Map(), Symbol("x")])(
    "refuses %p with one fault at the root",
    (value) => {
      expect(paths(value)).toEqual([""]);
    },
  );

  it.each([
    {
      name: "quantities as numbers",
      value: containerWith({
        resources: {
          limits: { cpu: 0.5, memory: "1.5Gi" },
          requests: { cpu: "100m", memory: 1e9 },
        },
      }),
    },
    {
      name: "ports by name",
      value: containerWith({ livenessProbe: { httpGet: { port: "http" } } }),
    },
    {
      name: "nulls for what may be left out",
      value: withPredictor({
        traffic: null,
        graph: node("model", { children: null, logger: null }),
      }),
    },
    { name: "a long name", value: manifest({}, { name: "a".repeat(67) }) },
    {
      name: "a status of any shape",
      value: { ...manifest(), status: { conditions: null, deploymentStatus: 5 } },
    },
    {
      name: "managed fields",
      value: manifest({}, { managedFields: [{ fieldsV1: { "f:spec": {} } }], uid: "1" }),
    },
    {
      name: "metrics of both versions",
      value: withPredictor({
        componentSpecs: [
          {
            ...pod(container("model")),
            hpaSpec: {
              maxReplicas: 3,
              metrics: [
                { type: "Resource", resource: { name: "cpu", targetAverageUtilization: 10 } },
              ],
              metricsv2: [
                {
                  type: "Resource",
                  resource: {
                    name: "cpu",
                    target: { type: "Utilization", averageUtilization: 10 },
                  },
                },
              ],
            },
          },
        ],
      }),
    },
    {
      name: "a hashed predictor name that no Service could bear",
      value: withPredictor({ name: `C${"1234567890".repeat(6)}` }),
    },
  ])("takes $name", ({ value }) => {
    expect(messages(value)).toEqual([]);
  });

  it("drops nulls and the status", () => {
    const result = parse({ ...withPredictor({ traffic: null }), status: {} }, defaultSettings);
    if (!result.ok) throw new Error("expected success");
    expect(result.value).not.toHaveProperty("status");
    expect(result.value.spec.predictors[0]).not.toHaveProperty("traffic");
    expect(result.warnings.map(({ path }) => path)).toEqual([`${p0}.traffic`]);
  });

  it("says how to mend a type", () => {
    const value = graphWith({ parameters: [{ name: "a", value: true, type: "BOOL" }] });
    expect(messages(value)[0]).toContain('write "true" in quotes');
    expect(messages(withPredictor({ replicas: "3" }))[0]).toContain("write 3 without quotes");
  });

  it("takes no value apart that cannot be turned into text", () => {
    const odd = JSON.parse('[{"toString":null,"valueOf":null,"toJSON":null}]');
    for (const value of [odd, odd[0]]) {
      expect(paths({ ...manifest(), spec: { name: value, predictors: value } })).toContain(
        "spec.name",
      );
      expect(paths(containerWith({ image: value }))).toContain(`${c0}.image`);
      expect(paths(containerWith({ resources: { limits: { cpu: value } } }))).toEqual([
        `${c0}.resources.limits.cpu`,
      ]);
    }
  });
});

describe("parse, unknown fields", () => {
  const slip = graphWith({ modleUri: "gs://x" });

  it.each([
    {
      name: "a slip",
      value: slip,
      want: `${p0}.graph.modleUri: unknown field; did you mean "modelUri"?`,
    },
    {
      name: "another case",
      value: graphWith({ model_uri: "x" }),
      want: `${p0}.graph.model_uri: unknown field; did you mean "modelUri"?`,
    },
    {
      name: "a level too far out",
      value: withPredictor({ modelUri: "x" }),
      want: `${p0}.modelUri: unknown field here; it belongs inside "graph"`,
    },
    {
      name: "a pod's field without spec",
      value: withPredictor({ componentSpecs: [{ ...pod(container("model")), volumes: [] }] }),
      want: `${p0}.componentSpecs[0].volumes: unknown field here; it belongs inside "spec"`,
    },
    {
      name: "a level too far in",
      value: graphWith({ componentSpecs: [] }),
      want: `${p0}.graph.componentSpecs: unknown field here; it belongs one level further out`,
    },
    {
      name: "deep in a pod",
      value: containerWith({ securityContext: { runAsUsr: 1 } }),
      want: `${c0}.securityContext.runAsUsr: unknown field; did you mean "runAsUser"?`,
    },
    {
      name: "in a volume",
      value: withPredictor({
        componentSpecs: [
          {
            spec: {
              containers: [container("model")],
              volumes: [{ name: "v", configMap: { nme: "x" } }],
            },
          },
        ],
      }),
      want: `${p0}.componentSpecs[0].spec.volumes[0].configMap.nme: unknown field; did you mean "name"?`,
    },
    {
      name: "in the source of a variable",
      value: containerWith({
        env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", kee: "k", key: "k" } } }],
      }),
      want: `${c0}.env[0].valueFrom.secretKeyRef.kee: unknown field; did you mean "key"?`,
    },
  ])("warns of $name", ({ value, want }) => {
    expect(warnings(value)).toContain(want);
    expect(parse(value, defaultSettings).ok).toBe(true);
  });

  it("makes them faults when strict", () => {
    expect(paths(slip, true)).toEqual([`${p0}.graph.modleUri`]);
  });

  it("leaves other warnings warnings when strict", () => {
    const value = graphWith({ type: "MODELL" });
    expect(parse(value, defaultSettings, { strict: true }).ok).toBe(true);
  });

  it("hands those of pods to Kubernetes, and drops its own", () => {
    const spec = {
      containers: [container("model", { newField: { deep: [1, null] } })],
      podField: 1,
    };
    const result = parse(
      withPredictor({ graph: node("model", { extra: 1 }), componentSpecs: [{ spec }] }),
      defaultSettings,
    );
    if (!result.ok) throw new Error("expected success");
    const [made] = result.value.spec.predictors;
    expect(made?.graph).not.toHaveProperty("extra");
    expect(made?.componentSpecs[0]?.spec).toMatchObject({ podField: 1 });
    expect(made?.componentSpecs[0]?.spec?.containers[0]).toMatchObject({
      newField: { deep: [1, null] },
    });
  });
});

describe("parse, hostile values", () => {
  it("tells where a graph contains itself", () => {
    const graph: { [key: string]: unknown } = { name: "model", children: [] };
    graph["children"] = [{ name: "model" }, graph];
    expect(paths(withPredictor({ graph }))).toEqual([`${p0}.graph.children[1]`]);
  });

  it("tells where anything contains itself", () => {
    const annotations: { [key: string]: unknown } = {};
    annotations["loop"] = annotations;
    const list: unknown[] = [];
    list.push(list);
    expect(paths(manifest({ annotations }))).toEqual(["spec.annotations.loop"]);
    expect(paths(containerWith({ unknown: list }))).toEqual([`${c0}.unknown[0]`]);
  });

  it("takes shared parts that contain nothing twice", () => {
    const shared = { name: "A", value: "1" };
    expect(paths(containerWith({ env: [shared], lifecycle: {} }))).toEqual([]);
    const one = container("model", { env: [shared] });
    const other = container("side", { env: [shared] });
    expect(paths(withPredictor({ componentSpecs: [pod(one, other)] }))).toEqual([]);
  });

  it("refuses to unfold billions of values", () => {
    let bomb: unknown = "x";
    for (let i = 0; i < 12; i++) bomb = Array.from({ length: 10 }, () => bomb);
    expect(paths(manifest({}, { managedFields: bomb }))).toEqual([""]);
  });

  it("refuses what is nested without end", () => {
    let deep: unknown = {};
    for (let i = 0; i < 100_000; i++) deep = { deep };
    expect(paths(manifest({}, { managedFields: deep }))).toEqual([""]);
  });

  const nested = (levels: number): object => {
    let graph = builtIn("leaf");
    for (let i = 0; i < levels; i++) graph = builtIn(`n${i}`, { children: [graph] });
    return graph;
  };

  it("takes a root and ten levels of children, and no more", () => {
    expect(paths(withPredictor({ graph: nested(10) }))).toEqual([]);
    const eleven = `${p0}.graph${".children[0]".repeat(11)}`;
    expect(paths(withPredictor({ graph: nested(11) }))).toEqual([eleven]);
    expect(paths(withPredictor({ graph: nested(12) }))).toEqual([eleven]);
  });

  it("is not misled by keys of prototypes", () => {
    const text = JSON.stringify(manifest({ annotations: { a: "b" } }, { labels: { c: "d" } }));
    const value = JSON.parse(
      text
        .replace('"a":"b"', '"__proto__":{"polluted":"yes"},"constructor":"x"')
        .replace('"c":"d"', '"__proto__":"x"')
        .replace('"name":"default"', '"name":"default","__proto__":{"shadow":true},"toString":1'),
    );
    const result = parse(value, defaultSettings);
    if (!result.ok) throw new Error(JSON.stringify(result.issues));
    expect(result.value.spec.annotations).toEqual({ constructor: "x" });
    expect(result.value.spec.predictors[0]?.shadow).toBeUndefined();
    expect(Object.prototype).not.toHaveProperty("polluted");
    expect(result.warnings.map(({ path }) => path).sort()).toEqual([
      "metadata.labels.__proto__",
      "spec.annotations.__proto__",
      `${p0}.__proto__`,
      `${p0}.toString`,
    ]);
  });

  it("refuses what JSON cannot hold", () => {
    expect(paths(containerWith({ unknown: { a: 1n, b: new Date(), c: Number.NaN } }))).toEqual([
      `${c0}.unknown.a`,
      `${c0}.unknown.b`,
      `${c0}.unknown.c`,
    ]);
  });

  it("answers in time about thousands of faults", () => {
    const children = Array.from({ length: 5_000 }, (_, i) => ({
      name: `n${i}`,
      typ: 1,
      children: 5,
    }));
    let told: readonly string[] = [];
    const spentMs = cpuMsOf(() => {
      told = paths(withPredictor({ graph: node("model", { children }) }));
    });
    expect(told).toHaveLength(10_000);
    expect(spentMs).toBeLessThan(10_000);
  });
});
