/** What the real API server does with our CRD: design 5.1.1-5.1.2, operator contract 1 and 3. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { maxPredictorName, maxPredictors } from "../../api/crd/rules.ts";
import { parse } from "../../api/parse.ts";
import { group, kind, versions } from "../../api/schema.ts";
import { defaultSettings } from "../../api/settings.ts";
import { rows } from "../api/rules.ts";
import { type Manifest, oddities, samples, samplesFolder } from "../crds/manifests.ts";
import type { Given } from "./support/api.ts";
import { ApiError } from "./support/api-error.ts";
import type { Cluster } from "./support/cluster.ts";
import { crdFile, installCrd } from "./support/crd.ts";
import { sharedCluster } from "./support/shared.ts";

const apiVersion = `${group}/v1`;
const fullStatus = oddities.find(({ file }) => file === "persisted-defaults.yaml")?.manifest.status;

type Fields = { readonly [field: string]: unknown };

let cluster: Cluster;
let namespace: string;
const api = (): Cluster["api"] => cluster.api;

beforeAll(async () => {
  cluster = sharedCluster();
  await installCrd(cluster);
  namespace = await cluster.namespace();
});
afterAll(() => cluster.close());

const target = (name: string, version = "v1") => ({
  ...{ apiVersion: `${group}/${version}`, kind, namespace, name },
});

const placed = ({ status: _, ...manifest }: Manifest): Given => ({
  ...manifest,
  metadata: { ...manifest.metadata, namespace },
});

const predictor = (name: string, more: Fields = {}): Fields => ({
  name,
  graph: { name: "node", implementation: "SIMPLE_MODEL" },
  ...more,
});

const deployment = (name: string, spec: Fields): Given => ({
  ...{ apiVersion, kind },
  metadata: { name, namespace },
  spec,
});

/** Why the server refuses something, cause by cause. */
const refusal = async (asked: Promise<unknown>): Promise<readonly (readonly string[])[]> => {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error("was not refused", { cause: error });
  return error.causes.map(({ field = "", message = "" }) => [field, message]);
};

describe("the definition", () => {
  it("is taken by a plain kubectl apply, and changes nothing the second time", async () => {
    const again = await cluster.kubectl(["apply", "-f", crdFile]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("unchanged") });
  });

  it("has nothing that the API server calls not structural", async () => {
    const crd = {
      ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
      name: `seldondeployments.${group}`,
    };
    const { status } = await api().get(crd);
    const { conditions } = status as { conditions: readonly { type: string; status: string }[] }; // as: a CRD's status
    expect(conditions.map((each) => `${each.type}=${each.status}`).toSorted()).toEqual([
      "Established=True",
      "NamesAccepted=True",
    ]);
  });
});

describe("samples", () => {
  it.each(samples)("$file is applied, updated and observed", async ({ file, manifest }) => {
    const { name } = manifest.metadata;
    const path = join(samplesFolder, file);
    const applied = await cluster.kubectl(["apply", "-n", namespace, "-f", path]);
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    const again = await cluster.kubectl(["apply", "-n", namespace, "-f", path]);
    expect(again.stdout).toContain("unchanged");
    const stored = await api().get(target(name));
    expect(stored["spec"]).toEqual(manifest.spec);
    const observed = await api().patch(
      target(name),
      { status: fullStatus },
      { subresource: "status" },
    );
    expect(observed["status"]).toEqual(fullStatus);
    const annotations = { "seldon.io/rest-timeout": "1000" };
    const updated = await api().patch(target(name), { spec: { annotations } });
    expect(updated["spec"]).toMatchObject({ annotations });
    expect(updated.metadata.generation).toBe(2);
    expect(updated["status"]).toEqual(fullStatus);
  });
});

describe("what v1 stored", () => {
  it.each(oddities)("$file stays writable", async ({ manifest }) => {
    const { metadata, status = fullStatus } = manifest;
    const created = await api().create(placed(manifest), { fieldValidation: "Strict" });
    expect(created["spec"]).toEqual(manifest.spec);
    const observed = await api().replace(
      { ...created, metadata: { ...created.metadata, name: metadata.name }, status },
      { subresource: "status" },
    );
    expect(observed["status"]).toEqual(status);
    const finalized = { metadata: { finalizers: [], labels: { seen: "yes" } } };
    await api().patch(target(metadata.name), finalized);
    const spec = { annotations: { "example.com/changed": "yes" } };
    const changed = await api().patch(target(metadata.name), { spec });
    expect(changed["spec"]).toMatchObject(spec);
    await api().remove(target(metadata.name));
    await api().untilGone(target(metadata.name));
  });
});

describe("versions", () => {
  it.each(versions)("%s is stored once and read through all", async (version) => {
    const name = `by-${version}`;
    const given = deployment(name, { predictors: [predictor("default")] });
    await api().create({ ...given, apiVersion: `${group}/${version}` });
    for (const other of versions) {
      const read = await api().get(target(name, other));
      expect([read.apiVersion, read["spec"]]).toEqual([`${group}/${other}`, given["spec"]]);
    }
  });

  it.each(versions)("%s is held to the rules", async (version) => {
    const given = deployment(`bad-${version}`, { predictors: [] });
    const causes = await refusal(api().create({ ...given, apiVersion: `${group}/${version}` }));
    expect(causes.map(([field]) => field)).toEqual(["spec.predictors"]);
  });
});

const deepGraph = (levels: number): Fields => ({
  name: `node-${levels}`,
  implementation: "SIMPLE_MODEL",
  ...(levels > 0 && { children: [deepGraph(levels - 1)] }),
});

const tenLevels = Array(10).fill("children[0]").join(".");

/** The rules that need neither containers nor settings. */
const ofTheServer = [1, 2, 3, 5, 7, 9, 18, 19, 20, 21];
/** What we refuse and v1 takes. */
const looser = ["20 traffic that sums to 100 only with a negative part"];

describe("refusals", () => {
  const two = (first: Fields, second: Fields): Fields => ({
    predictors: [predictor("a", first), predictor("b", second)],
  });
  const lone = (more: Fields): Fields => ({ predictors: [predictor("a", more)] });
  const pods = (spec: Fields): Fields => lone({ componentSpecs: [{ spec }] });

  it.each([
    // CEL. Source of the numbers: operator contract, 3.
    {
      name: "7 no predictor",
      spec: { predictors: [] },
      field: "spec.predictors",
      message: "at least one predictor",
    },
    {
      name: "9 two of one name",
      spec: {
        predictors: [
          predictor("a", { traffic: 50 }),
          predictor("b"),
          predictor("a", { traffic: 50 }),
        ],
      },
      field: "spec.predictors",
      message: 'several predictors are called "a"; give each its own name',
    },
    {
      name: "5 a lone shadow",
      spec: lone({ shadow: true }),
      field: "spec.predictors",
      message: "remove shadow",
    },
    {
      name: "18 two shadows",
      spec: {
        predictors: [
          predictor("a"),
          predictor("b", { shadow: true }),
          predictor("c", { shadow: true }),
        ],
      },
      field: "spec.predictors",
      message: "keep one shadow",
    },
    {
      name: "19 a shadow of more than all",
      spec: two({}, { shadow: true, traffic: 101 }),
      field: "spec.predictors[1].traffic",
      message: "0 to 100 percent",
    },
    {
      name: "19 a shadow of less than nothing",
      spec: two({}, { shadow: true, traffic: -1 }),
      field: "spec.predictors[1].traffic",
      message: "0 to 100 percent",
    },
    {
      name: "20 too little traffic",
      spec: two({ traffic: 80 }, { traffic: 10 }),
      field: "spec.predictors",
      message: "sums to less than 100",
    },
    {
      name: "20 too much traffic",
      spec: two({ traffic: 80 }, { traffic: 30 }),
      field: "spec.predictors",
      message: "sums to more than 100",
    },
    {
      name: "20 no traffic",
      spec: two({}, {}),
      field: "spec.predictors",
      message: "make it sum to 100",
    },
    {
      name: "21 a lone predictor with half",
      spec: lone({ traffic: 50 }),
      field: "spec.predictors",
      message: "write traffic 100 or remove it",
    },
    // Enums
    {
      name: "1 a protocol",
      spec: { ...lone({}), protocol: "v3" },
      field: "spec.protocol",
      message: 'supported values: "", "seldon"',
    },
    {
      name: "2 a transport",
      spec: { ...lone({}), transport: "REST" },
      field: "spec.transport",
      message: '"rest", "grpc"',
    },
    {
      name: "3 a server type",
      spec: { ...lone({}), serverType: "nats" },
      field: "spec.serverType",
      message: '"rpc", "kafka"',
    },
    // Shapes
    { name: "no predictors at all", spec: {}, field: "spec.predictors", message: "Required" },
    {
      name: "no graph",
      spec: { predictors: [{ name: "a" }] },
      field: "spec.predictors[0].graph",
      message: "Required",
    },
    {
      name: "a graph of eleven levels",
      spec: lone({ graph: deepGraph(11) }),
      field: `spec.predictors[0].graph.${tenLevels}.children`,
      message: "Too many",
    },
    {
      name: "pods of no containers",
      spec: pods({}),
      field: "spec.predictors[0].componentSpecs[0].spec.containers",
      message: "Required",
    },
    {
      name: "a container of no name",
      spec: pods({ containers: [{ image: "a" }] }),
      field: "spec.predictors[0].componentSpecs[0].spec.containers[0].name",
      message: "Required",
    },
    {
      name: "a parameter that is a number",
      spec: lone({ graph: { name: "a", parameters: [{ name: "p", value: 0.5, type: "FLOAT" }] } }),
      field: "spec.predictors[0].graph.parameters[0].value",
      message: "must be of type string",
    },
    {
      name: "fewer than no replicas",
      spec: { ...lone({}), replicas: -1 },
      field: ".spec.replicas",
      message: "non-negative",
    },
    {
      name: "a name too long",
      spec: { predictors: [predictor("a".repeat(maxPredictorName + 1))] },
      field: "spec.predictors[0].name",
      message: "Too long",
    },
    {
      name: "too many predictors",
      spec: {
        predictors: Array.from({ length: maxPredictors + 1 }, (_, i) =>
          predictor(`p${i}`, { traffic: i === 0 ? 100 : 0 }),
        ),
      },
      field: "spec.predictors",
      message: "Too many",
    },
  ])("$name", async ({ spec, field, message }) => {
    const given = deployment("refused", spec);
    const causes = await refusal(api().create(given, { dryRun: true }));
    expect(causes).toContainEqual([field, expect.stringContaining(message)]);
    expect(parse(given, defaultSettings).ok).toBe(false); // so says the operator, where there is no such CRD
  });

  it.each(rows)("or not: $name", async ({ name, value, paths }) => {
    const { spec } = value as Manifest; // as: a row is a manifest
    const asked = api().create(deployment("row", spec), { dryRun: true });
    const isOurs = ofTheServer.includes(Number.parseInt(name, 10)) && !looser.includes(name);
    if (paths.length > 0 && isOurs) expect(await refusal(asked)).not.toEqual([]);
    else expect((await asked)["spec"]).toEqual(spec);
  });

  it("are none for as much as may be", async () => {
    const many = Array.from({ length: maxPredictors }, (_, i) =>
      predictor(String(i).padStart(maxPredictorName, "p"), { traffic: i === 0 ? 100 : 0 }),
    );
    await api().create(deployment("many", { predictors: many }), { dryRun: true });
  });

  it("tell a misspelt field to a user of kubectl, which is strict", async () => {
    const spec = { predictors: [predictor("a", { trafic: 100 })] };
    const input = JSON.stringify(deployment("misspelt", spec));
    const { code, stderr } = await cluster.kubectl(["create", "-f", "-"], { input });
    expect(code).toBe(1);
    expect(stderr).toContain('unknown field "spec.predictors[0].trafic"');
  });

  it("leave what a pod spec holds to the operator", async () => {
    const container = { name: "a", imagePullPolice: "Always" };
    const { spec } = await api().create(
      deployment("slip", pods({ containers: [container], of: "tomorrow" })),
      { dryRun: true, fieldValidation: "Strict" },
    );
    expect(spec).toEqual(pods({ containers: [container], of: "tomorrow" }));
  });
});

describe("subresources", () => {
  beforeAll(async () => {
    await api().create(deployment("scaled", { replicas: 1, predictors: [predictor("default")] }));
    const status = {
      ...{ state: "Available", replicas: 1, selector: "app=scaled", observedGeneration: 1 },
      address: { url: "http://scaled-default" },
      conditions: [{ type: "Ready", status: "True" }],
    };
    await api().patch(target("scaled"), { status }, { subresource: "status" });
  });

  it("scale, and say which pods are scaled", async () => {
    const scaled = await cluster.kubectl(["scale", "sdep/scaled", "--replicas=3", "-n", namespace]);
    expect(scaled).toMatchObject({ code: 0, stderr: "" });
    const scale = await api().ask({
      method: "GET",
      path: `/apis/${apiVersion}/namespaces/${namespace}/seldondeployments/scaled/scale`,
    });
    expect(scale.body).toMatchObject({
      spec: { replicas: 3 },
      status: { replicas: 1, selector: "app=scaled" },
    });
    expect(await api().get(target("scaled"))).toMatchObject({ spec: { replicas: 3 } });
  });

  it("show columns", async () => {
    const { stdout } = await cluster.kubectl(["get", "sdep", "scaled", "-n", namespace]);
    const [head = "", row = ""] = stdout.split("\n");
    expect(head.split(/\s+/)).toEqual(["NAME", "READY", "STATE", "REPLICAS", "URL", "AGE"]);
    expect(row.split(/\s+/)).toEqual(
      expect.arrayContaining(["scaled", "True", "Available", "1", "http://scaled-default"]),
    );
  });

  it("leave the status to its own writers, each with conditions of its own", async () => {
    const { metadata, ...kinds } = deployment("scaled", {});
    const report = (manager: string, type: string) =>
      api().apply(
        {
          ...{ apiVersion: kinds.apiVersion, kind: kinds.kind, metadata },
          status: { conditions: [{ type, status: "True" }] },
        },
        { subresource: "status", manager },
      );
    await report("one", "First");
    const { status } = await report("two", "Second");
    expect(status).toMatchObject({
      conditions: expect.arrayContaining([
        { type: "Ready", status: "True" },
        { type: "First", status: "True" },
        { type: "Second", status: "True" },
      ]),
    });
    const spec = await api().patch(target("scaled"), { status: { state: "Failed" } });
    expect(spec["status"]).toMatchObject({ state: "Available" });
  });
});
