import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readYaml } from "../../api/yaml.ts";
import { main } from "../../bin/render.ts";

const model = `
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: good}
spec:
  predictors:
  - name: default
    graph: {name: m}
    componentSpecs:
    - spec: {containers: [{name: m, image: "I:1"}]}
      kedaSpec: {triggers: []}
      pdbSpec: {minAvailable: 1}
`;
const files = {
  "good.yaml": model,
  "placed.yaml": model.replace("{name: good}", "{name: placed, namespace: ns1}"),
  "odd.yaml": model.replace("graph:", "grahp: {}\n    graph:"),
  "bad.yaml": model.replace("graph:", "replicas: -1\n    graph:"),
  "digit.yaml": model.replace("name: good", 'name: "1st"'),
  "server.yaml": `
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: iris}
spec:
  predictors:
  - name: default
    graph: {name: iris, implementation: MINE, modelUri: "gs://m"}
`,
  "config.yaml": `{kind: ConfigMap, data: {predictor_servers: '{"MINE": {"protocols": {"seldon": {"image": "mine"}}}}'}}`,
  "service.yaml": "apiVersion: v1\nkind: Service\n",
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-render-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Run = { readonly code: number; readonly out: string; readonly err: readonly string[] };

const run = async (...argv: readonly string[]): Promise<Run> => {
  let out = "";
  let err = "";
  const io = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    stdin: (async function* () {
      yield model;
    })(),
    cwd: () => folder,
  };
  const code = await main(argv, io);
  return { code, out, err: err.split("\n").filter(Boolean) };
};

type Printed = { kind: string; metadata: { name: string; namespace: string } };
const printed = ({ out }: Run): readonly string[] =>
  readYaml(out).map((each) => {
    const { kind, metadata } = each as Printed;
    return `${kind} ${metadata.namespace}/${metadata.name}`;
  });

describe("espalier render", () => {
  it("prints objects in the order in which they are applied", async () => {
    const result = await run("good.yaml", "--keda", "--istio");
    expect(result).toMatchObject({ code: 0, err: [] });
    expect(printed(result)).toEqual([
      "Service default/good-default-m",
      "Service default/good-default",
      "ScaledObject default/good-default-0-m",
      "PodDisruptionBudget default/good-default-0-m",
      "Deployment default/good-default-0-m",
      "DestinationRule default/good-default",
      "VirtualService default/good",
    ]);
  });

  it.each([
    { argv: ["--istio"], kinds: ["DestinationRule", "VirtualService"] },
    { argv: ["--ambassador", "v1"], kinds: [] },
    { argv: ["--ambassador", "v2"], kinds: ["Mapping"] },
    { argv: ["--gateway", "infra/public"], kinds: ["HTTPRoute"] },
    { argv: [], kinds: [] },
  ])("prints the routes of %j", async ({ argv, kinds }) => {
    const result = await run("good.yaml", ...argv);
    const known = ["Service", "Deployment", "PodDisruptionBudget"];
    const routes = printed(result).map((name) => name.split(" ")[0] ?? "");
    expect([...new Set(routes.filter((kind) => !known.includes(kind)))]).toEqual(kinds);
    expect(result.out.includes("getambassador.io/config")).toBe(argv.includes("v1"));
    expect(result.out.includes("infra")).toBe(argv.includes("--gateway"));
  });

  it("puts those into a namespace that name none", async () => {
    const result = await run("good.yaml", "placed.yaml", "--namespace", "ns2");
    const places = printed(result).map((name) => name.replace(/^.* |-.*$/g, ""));
    expect(new Set(places)).toEqual(new Set(["ns2/good", "ns1/placed"]));
  });

  it("reads the standard input", async () => {
    expect((await run("-")).out).toBe((await run("good.yaml")).out);
  });

  it("knows the servers of a cluster's configuration", async () => {
    expect((await run("server.yaml")).code).toBe(1);
    const { code, out } = await run("--config", "config.yaml", "server.yaml");
    expect({ code, hasImage: out.includes("image: mine") }).toEqual({ code: 0, hasImage: true });
  });

  it("warns, unless told not to", async () => {
    const heads = ({ err }: Run): readonly string[] =>
      err.map((line) => line.split(": ").slice(0, 4).join(": "));
    expect(heads(await run("odd.yaml"))).toEqual([
      "warning: odd.yaml: good: spec.predictors[0].grahp",
      "warning: odd.yaml: good: spec.predictors[0].componentSpecs[0].kedaSpec",
    ]);
    expect(await run("odd.yaml", "--quiet")).toMatchObject({ code: 0, err: [] });
  });

  it.each([
    { name: "a fault of the manifest", argv: ["good.yaml", "bad.yaml"], path: "replicas" },
    { name: "a fault of what it makes", argv: ["good.yaml", "digit.yaml"], path: "metadata.name" },
    { name: "an unknown field with --strict", argv: ["odd.yaml", "--strict"], path: "grahp" },
    { name: "no deployment", argv: ["service.yaml"], path: "no SeldonDeployment" },
    { name: "a missing file", argv: ["good.yaml", "x.yaml"], path: "x.yaml: does not exist" },
  ])("prints no object beside $name", async ({ argv, path }) => {
    const { code, out, err } = await run(...argv);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err.filter((line) => line.startsWith("error: ")).join()).toContain(path);
  });

  it.each([
    { name: "no file", argv: [] },
    { name: "an unknown option", argv: ["--istoi", "good.yaml"] },
    { name: "an unknown version of Ambassador", argv: ["--ambassador", "v3", "good.yaml"] },
    { name: "a gateway of three parts", argv: ["--gateway", "a/b/c", "good.yaml"] },
    { name: "a namespace that is no name", argv: ["--namespace", "No", "good.yaml"] },
  ])("answers 2 to $name", async ({ argv }) => {
    const { code, out, err } = await run(...argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.at(-1)).toContain("--help");
  });

  it("explains itself", async () => {
    const { code, out, err } = await run("--help");
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(out).toContain("--namespace");
  });
});
