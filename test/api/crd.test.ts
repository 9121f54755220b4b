import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import type { CelRule } from "../../api/crd/rules.ts";
import { crd, crdYaml, openApiSchema, type StructuralSchema } from "../../api/crd.ts";
import { readYaml } from "../../api/yaml.ts";
import { schemaFaults, valueFaults } from "../crds/structural.ts";
import { manifest, predictor, withPredictor } from "./manifest.ts";

const schema = openApiSchema();

/** The schema of a field; items of lists are stepped into. */
const place = (path: string, from: StructuralSchema = schema): StructuralSchema | undefined =>
  path.split(".").reduce<StructuralSchema | undefined>((each, name) => {
    const inner = each?.items ?? each;
    return inner?.properties?.[name] ?? inner?.additionalProperties;
  }, from);

/** How many levels of children a node may have below it. */
const levels = (node: StructuralSchema | undefined): number => {
  const children = node?.properties?.["children"];
  return children === undefined ? -1 : 1 + levels(children.items);
};

describe("crd", () => {
  const { spec, metadata } = crd();

  it("is called as v1's is", () => {
    expect(metadata.name).toBe("seldondeployments.machinelearning.seldon.io");
    expect(spec.names).toEqual({
      kind: "SeldonDeployment",
      listKind: "SeldonDeploymentList",
      plural: "seldondeployments",
      singular: "seldondeployment",
      shortNames: ["sdep"],
    });
  });

  it("serves three versions of one schema and stores the first", () => {
    expect(spec.versions.map(({ name, storage }) => [name, storage])).toEqual([
      ["v1", true],
      ["v1alpha2", false],
      ["v1alpha3", false],
    ]);
    const [first, ...others] = spec.versions.map(({ name: _, storage: __, ...rest }) => rest);
    for (const other of others) expect(other).toEqual(first);
  });

  it("scales by fields that exist", () => {
    for (const { subresources, additionalPrinterColumns } of spec.versions) {
      const { specReplicasPath, statusReplicasPath, labelSelectorPath } = subresources.scale;
      expect(place(specReplicasPath.slice(1))?.type).toBe("integer");
      expect(place(statusReplicasPath.slice(1))?.type).toBe("integer");
      expect(place(labelSelectorPath.slice(1))?.type).toBe("string");
      for (const { name, type, jsonPath } of additionalPrinterColumns) {
        if (name === "Age") continue;
        expect(place(jsonPath.replace(/\[.*\]/, "").slice(1))?.type).toBe(type);
      }
    }
  });

  it("shows what one looks for", () => {
    const [{ additionalPrinterColumns } = { additionalPrinterColumns: [] }] = spec.versions;
    const names = additionalPrinterColumns.map(({ name }) => name);
    expect(names).toEqual(["Ready", "State", "Replicas", "URL", "Age"]);
  });

  it("fits into the annotation of a plain kubectl apply", () => {
    const bytes = 256_000; // Kubernetes allows 262144 for all annotations together
    expect(Buffer.byteLength(JSON.stringify(crd()))).toBeLessThan(bytes);
    expect(Buffer.byteLength(crdYaml())).toBeLessThan(bytes);
  });
});

describe("crds/seldondeployments.yaml", () => {
  const file = readFileSync(new URL("../../crds/seldondeployments.yaml", import.meta.url), "utf8");

  it('is what "npm run crds" makes', () => {
    expect(file === crdYaml()).toBe(true);
  });

  it("is read back as it was meant", () => {
    expect(readYaml(file)).toEqual([JSON.parse(JSON.stringify(crd()))]);
  });
});

describe("openApiSchema", () => {
  it("is structural", () => {
    expect(schemaFaults(schema)).toEqual([]);
  });

  it("unrolls a graph to the root and ten levels, and closes it there", () => {
    const root = place("spec.predictors.graph");
    expect(levels(root)).toBe(10);
    const last = place(Array(11).fill("children").join("."), root);
    expect(last).toEqual({ type: "array", maxItems: 0, items: { type: "object" } });
  });

  it("describes fields once, at the root of a graph", () => {
    expect(place("spec.predictors.graph.modelUri")?.description).toBeDefined();
    expect(place("spec.predictors.graph.children.modelUri")).toEqual({ type: "string" });
  });

  it("says of embedded objects what must be there, and keeps the rest", () => {
    expect(place("spec.predictors.componentSpecs.spec")).toEqual({
      description: "a PodSpec of Kubernetes",
      type: "object",
      required: ["containers"],
      properties: {
        containers: {
          type: "array",
          items: {
            type: "object",
            required: ["name"],
            properties: { name: { type: "string" } },
            "x-kubernetes-preserve-unknown-fields": true,
          },
        },
      },
      "x-kubernetes-preserve-unknown-fields": true,
    });
    expect(place("spec.predictors.svcOrchSpec.env")?.items?.required).toEqual(["name"]);
    expect(place("spec.predictors.explainer.containerSpec")?.required).toEqual(["name"]);
    expect(place("spec.predictors.componentSpecs.metadata")?.properties).toBeUndefined();
  });

  it("has enums for three fields, each with an empty word", () => {
    const enums: string[] = [];
    const look = (each: StructuralSchema, path: string): void => {
      if (each.enum !== undefined) enums.push(`${path}: ${each.enum.join("|")}`);
      for (const [name, field] of Object.entries(each.properties ?? {}))
        look(field, `${path}.${name}`);
      for (const inner of [each.items, each.additionalProperties])
        if (inner !== undefined) look(inner, path);
    };
    look(schema, "");
    expect(enums).toEqual([
      ".spec.protocol: |seldon|tensorflow|v2|kfserving",
      ".spec.transport: |rest|grpc",
      ".spec.serverType: |rpc|kafka",
    ]);
  });

  it("has rules for the spec and its predictors alone, about fields that exist", () => {
    const ruled = Object.entries({
      spec: place("spec"),
      "spec.predictors": place("spec.predictors")?.items,
    });
    const text = JSON.stringify(schema);
    expect(text.split('"x-kubernetes-validations"')).toHaveLength(ruled.length + 1);
    for (const [path, each] of ruled) {
      const rules = each?.["x-kubernetes-validations"] as readonly CelRule[]; // as rules.ts gives it
      for (const { rule, message, fieldPath } of rules) {
        expect(place(`${path}${fieldPath}`)).toBeDefined();
        expect(message).not.toContain("\n");
        expect(rule).not.toContain("\n");
      }
    }
  });

  it("keys conditions by their type", () => {
    const conditions = place("status.conditions");
    expect(conditions?.["x-kubernetes-list-map-keys"]).toEqual(["type"]);
    expect(conditions?.items?.required).toEqual(["type", "status"]);
  });

  it.each([
    { name: "a manifest", value: manifest(), faults: [] },
    { name: "no spec", value: { apiVersion: "x", kind: "y", metadata: {} }, faults: [] },
    {
      name: "no predictors",
      value: manifest({ predictors: undefined }),
      faults: ["spec.predictors: required"],
    },
    {
      name: "a spec of pods without containers",
      value: withPredictor({ componentSpecs: [{ spec: {} }] }),
      faults: ["spec.predictors[0].componentSpecs[0].spec.containers: required"],
    },
    {
      name: "a container without a name",
      value: withPredictor({ componentSpecs: [{ spec: { containers: [{ image: "a" }] } }] }),
      faults: ["spec.predictors[0].componentSpecs[0].spec.containers[0].name: required"],
    },
    {
      name: "a parameter that is no string",
      value: withPredictor({
        graph: { name: "model", parameters: [{ name: "a", value: 0.5, type: "FLOAT" }] },
      }),
      faults: ["spec.predictors[0].graph.parameters[0].value: type"],
    },
    {
      name: "another protocol",
      value: manifest({ protocol: "v3" }),
      faults: ["spec.protocol: enum"],
    },
    { name: "an empty protocol", value: manifest({ protocol: "" }), faults: [] },
    {
      name: "a slip",
      value: manifest({ predictors: [predictor({ grpah: {} })] }),
      faults: ["spec.predictors[0].grpah: unknown"],
    },
    { name: "a negative count, as v1 stored it", value: manifest({ replicas: -1 }), faults: [] },
  ])("takes or refuses $name", ({ value, faults }) => {
    expect(valueFaults(schema, JSON.parse(JSON.stringify(value)))).toEqual(faults);
  });
});
