import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import Type from "typebox";
import { kubernetesFields } from "../../api/kubernetes/fields.ts";
import { SeldonDeploymentSchema } from "../../api/schema.ts";
import { compile, type Node } from "../../api/shape/node.ts";
import { version } from "../../api/version.ts";

describe("kubernetesFields", () => {
  it("names only types that exist", () => {
    const scalars = ["string", "int", "bool", "quantity", "intOrString", "any"];
    for (const fields of Object.values(kubernetesFields)) {
      for (const word of Object.values(fields)) {
        const type = word.replace(/(\[\]|\{\})?!?$/, "");
        expect([...scalars, ...Object.keys(kubernetesFields)]).toContain(type);
      }
    }
  });
});

describe("compile", () => {
  const node = compile(SeldonDeploymentSchema);
  const step = (from: Node | undefined, name: string): Node | undefined => {
    if (from?.is === "list" || from?.is === "map") return step(from.of, name);
    return from?.is === "object" ? from.fields.get(name)?.node : undefined;
  };
  const place = (path: string): Node | undefined =>
    path.split(".").reduce<Node | undefined>(step, node);

  it("knows every level of a graph", () => {
    const graph = place("spec.predictors.graph");
    expect(graph?.is).toBe("object");
    expect(step(place("spec.predictors.graph.children.children"), "name")?.is).toBe("string");
  });

  it("knows what is embedded", () => {
    const container = "spec.predictors.componentSpecs.spec.containers";
    expect(place(`${container}.livenessProbe.httpGet.port`)?.is).toBe("intOrString");
    expect(place(`${container}.resources.limits`)).toEqual({ is: "map", of: { is: "quantity" } });
  });

  it("refuses what the shape check could not check", () => {
    expect(() => compile(Type.Object({ a: Type.Null() }))).toThrow("null");
  });

  it("knows the bounds of numbers", () => {
    expect(place("spec.replicas")).toEqual({ is: "int", minimum: 0, maximum: 2 ** 31 - 1 });
  });
});

describe("SeldonDeploymentSchema", () => {
  it("can be printed as JSON", () => {
    const text = JSON.stringify(SeldonDeploymentSchema);
    expect(JSON.parse(text).properties.spec.properties.protocol.enum).toEqual([
      "",
      "seldon",
      "tensorflow",
      "v2",
      "kfserving",
    ]);
  });
});

describe("version", () => {
  it("is that of the package", () => {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    expect(version).toBe(JSON.parse(text).version);
  });
});
