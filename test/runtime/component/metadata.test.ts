import { describe, expect, it } from "@jest/globals";
import { buildMetadata, splitImage } from "../../../runtime/component/metadata.ts";

describe("splitImage", () => {
  it.each([
    { image: "a/b:1.2", name: "a/b", version: "1.2" },
    { image: "host:5000/a:1", name: "host:5000/a", version: "1" },
    { image: "host:5000/a", name: "host:5000/a", version: "" },
    { image: "a", name: "a", version: "" },
    { image: "a@sha256:ff", name: "a@sha256", version: "ff" },
    { image: "", name: "", version: "" },
  ])("$image", ({ image, name, version }) => {
    expect(splitImage(image)).toEqual({ name, version });
  });
});

const empty = { platform: "", inputs: [], outputs: [], custom: {} };
const build = (own: unknown, yaml?: string) => buildMetadata({ own, yaml, image: "img:1" });

describe("buildMetadata", () => {
  it("takes name and version from the image", () => {
    expect(build(undefined)).toEqual({ name: "img", versions: ["1"], ...empty });
  });

  it("lets MODEL_METADATA win, field by field, read as YAML 1.1", () => {
    const own = { name: "own", platform: "p", custom: { a: "b" } };
    const yaml = `
name: yaml
versions: ["2"]
inputs:
- messagetype: tensor
  schema: { names: [x], shape: [1], strict: yes }
`;
    expect(build(own, yaml)).toEqual({
      name: "yaml",
      versions: ["2"],
      platform: "p",
      inputs: [{ messagetype: "tensor", schema: { names: ["x"], shape: [1], strict: true } }],
      outputs: [],
      custom: { a: "b" },
    });
  });

  it("takes tensors of the Open Inference Protocol", () => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [-1, 13] }];
    expect(build({ inputs })).toMatchObject({ inputs });
  });

  it.each([
    { name: "no object", own: [] },
    { name: "an unknown field", own: { nmae: "x" } },
    { name: "a name that is no string", own: { name: 1 } },
    { name: "a version that is a number", own: undefined, yaml: "versions: [1.0]" },
    { name: "versions that are no list", own: { versions: "1" } },
    { name: "an input of an unknown type", own: { inputs: [{ messagetype: "array" }] } },
    { name: "an extra key", own: { inputs: [{ messagetype: "tensor", shape: [1] }] } },
    {
      name: "an unknown datatype",
      own: { outputs: [{ name: "x", datatype: "FLOAT", shape: [] }] },
    },
    { name: "a shape of words", own: { outputs: [{ name: "x", datatype: "FP32", shape: ["a"] }] } },
    { name: "custom numbers", own: { custom: { a: 1 } } },
    { name: "malformed YAML", own: undefined, yaml: "{" },
    { name: "YAML that is no object", own: undefined, yaml: "text" },
  ])("refuses $name", ({ own, yaml }) => {
    expect(() => build(own, yaml)).toThrow(
      expect.objectContaining({ reason: "MICROSERVICE_BAD_METADATA", status: 500 }),
    );
  });
});
