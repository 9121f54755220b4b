import { describe, expect, it } from "@jest/globals";
import { EngineError } from "../../../../runtime/errors.ts";
import { lookAt, nodeOf, rows } from "../node.ts";

const schema = {
  type: "object",
  required: ["data"],
  properties: {
    data: {
      type: "object",
      properties: { ndarray: { type: "array", minItems: 1, items: { $ref: "#/$defs/row" } } },
    },
  },
  $defs: { row: { type: "array", prefixItems: [{ minimum: 0 }, { enum: ["a", "b"] }] } },
};

const entered = async (parameters: Readonly<Record<string, unknown>>, message: unknown) =>
  nodeOf("SCHEMA_VALIDATOR", parameters).input?.(lookAt(rows([0]), { json: () => message }));

describe("SCHEMA_VALIDATOR", () => {
  it("passes on what matches", async () => {
    expect(await entered({ schema }, { data: { ndarray: [[1, "a"]] } })).toEqual({});
  });

  it("refuses what does not, with the failing paths", async () => {
    const refused = entered(
      { schema },
      {
        data: {
          ndarray: [
            [1, "a"],
            [-1, "c"],
          ],
        },
      },
    );
    await expect(refused).rejects.toMatchObject({
      code: "SCHEMA_MISMATCH",
      message: expect.stringMatching(/\/data\/ndarray\/1\/0 .*; \/data\/ndarray\/1\/1 /),
    });
  });

  it.each([
    { name: "the whole", message: [], path: /: must be object/ },
    { name: "a member too few", message: {}, path: /required/ },
  ])("tells of $name", async ({ message, path }) => {
    await expect(entered({ schema }, message)).rejects.toMatchObject({
      code: "SCHEMA_MISMATCH",
      message: expect.stringMatching(path),
    });
  });

  it("takes a message that cannot be read for one that does not match", async () => {
    const json = (): never => {
      throw new EngineError("PAYLOAD_UNFIT", "it is not JSON");
    };
    const node = nodeOf("SCHEMA_VALIDATOR", { schema });
    await expect(node.input?.(lookAt(rows([0]), { json }))).rejects.toMatchObject({
      code: "SCHEMA_MISMATCH",
    });
  });

  it.each([
    { at: "/jsonData", message: { jsonData: 5 }, path: /\/jsonData must be string/ },
    { at: "/a~1b/~0/1", message: { "a/b": { "~": [0, 7] } }, path: /\/a~1b\/~0\/1 must be/ },
    { at: "/jsonData", message: {}, path: /\/jsonData is missing/ },
    { at: "/data/ndarray/01", message: { data: { ndarray: ["", ""] } }, path: /missing/ },
    { at: "/toString", message: {}, path: /missing/ },
  ])("checks the part at $at of $message", async ({ at, message, path }) => {
    const checked = { schema: { type: "string" }, at };
    await expect(entered(checked, message)).rejects.toMatchObject({
      code: "SCHEMA_MISMATCH",
      message: expect.stringMatching(path),
    });
  });

  it("does not fall over what is nested more deeply than it can follow", async () => {
    const tree = {
      $defs: { tree: { type: "array", items: { $ref: "#/$defs/tree" } } },
      $ref: "#/$defs/tree",
    };
    let deep: unknown = [];
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    await expect(entered({ schema: tree }, deep)).rejects.toMatchObject({
      code: "SCHEMA_MISMATCH",
    });
    expect(await entered({ schema: tree }, [[[]]])).toEqual({});
  });

  it("reads its schema from a file", async () => {
    const parameters = [{ name: "schema_uri", value: "s.json" }];
    const readFile = () => JSON.stringify(schema);
    const node = nodeOf("SCHEMA_VALIDATOR", {}, { parameters, readFile });
    const look = lookAt(rows([0]), { json: () => ({}) });
    await expect(node.input?.(look)).rejects.toMatchObject({ code: "SCHEMA_MISMATCH" });
  });

  it("lays an answer that does not match to the model, not to the client", async () => {
    const node = nodeOf("SCHEMA_VALIDATOR", { schema }, { type: "OUTPUT_TRANSFORMER" });
    const look = lookAt(rows([0]), { json: () => ({}) });
    await expect(node.output?.(look)).rejects.toMatchObject({ code: "PAYLOAD_UNFIT" });
  });

  it.each([
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-07/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2020-12/schema#",
  ])("knows the draft %s", async ($schema) => {
    expect(await entered({ schema: { $schema, type: "object" } }, {})).toEqual({});
  });

  it.each([
    { name: "no schema", parameters: {} },
    { name: "both of them", parameters: { schema: {}, schema_uri: "x" } },
    { name: "a list", parameters: { schema: [] } },
    { name: "an unknown type", parameters: { schema: { type: "strin" } } },
    {
      name: "a wrong keyword deep inside",
      parameters: { schema: { properties: { a: { minItems: -1 } } } },
    },
    { name: "an unknown draft", parameters: { schema: { $schema: "http://example.org/s" } } },
    { name: "a reference to nowhere", parameters: { schema: { $ref: "#/$defs/nope" } } },
    {
      name: "a reference to the network",
      parameters: { schema: { items: { $ref: "http://x/y" } } },
    },
    { name: "a reference that is none", parameters: { schema: { $ref: "#/%zz" } } },
    { name: "a broken pattern", parameters: { schema: { type: "string", pattern: "(" } } },
    { name: "a pointer that is none", parameters: { schema: {}, at: "jsonData" } },
  ])("refuses $name", async ({ parameters }) => {
    await expect(entered(parameters, {})).rejects.toMatchObject({ code: "PARAMETER_INVALID" });
  });

  it("does not take data in a schema for schemas", async () => {
    const harmless = { enum: [{ $ref: "#/nope" }], properties: { $ref: { type: "string" } } };
    await expect(entered({ schema: harmless }, {})).rejects.toMatchObject({
      code: "SCHEMA_MISMATCH",
    });
  });
});
