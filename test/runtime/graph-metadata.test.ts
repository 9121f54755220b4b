import { describe, expect, it } from "@jest/globals";
import type { PlanUnit } from "../../api/plan.ts";
import type { RestCarried } from "../../runtime/client/rest-node.ts";
import type { Call } from "../../runtime/engine/call.ts";
import { EngineError } from "../../runtime/errors.ts";
import { makeGraph } from "../../runtime/graph.ts";
import { graphEnds } from "../../runtime/graph-ends.ts";
import { graphMetadata } from "../../runtime/graph-metadata.ts";
import { makeSeldonJson } from "../../runtime/protocol/seldon-json.ts";
import { builtInsOf } from "./built-ins.ts";
import { calling, makeCall, payload, textOf } from "./engine/walk.ts";
import { planOf, unit } from "./plan.ts";

const at = { service_host: "h", httpPort: 1 };
const leaf = (name: string, over: Partial<PlanUnit> = {}): PlanUnit =>
  unit({ name, type: "MODEL", endpoint: at, ...over });

type Said = { readonly [unit: string]: unknown };

/** Every unit says what is scripted, else its name with inputs and outputs of its own. */
const metadataOf = async (graph: Partial<PlanUnit>, said: Said = {}) => {
  const asked: string[] = [];
  const carried: RestCarried[] = [];
  const plan = planOf({ endpoint: at, ...graph });
  const made = makeGraph<RestCarried>({
    plan,
    codec: makeSeldonJson(1000),
    ...builtInsOf(plan),
    remote: ({ name, endpoint }) =>
      endpoint && {
        call: calling(async (verb, _message, call: Call<RestCarried>) => {
          asked.push(`${name} ${verb}`);
          carried.push(call.carried);
          const own = { name, inputs: [`${name} in`], outputs: [`${name} out`] };
          const answer = Object.hasOwn(said, name) ? said[name] : own;
          if (answer instanceof EngineError) throw answer;
          return payload(typeof answer === "string" ? answer : JSON.stringify(answer));
        }),
      },
  });
  const call = { ...makeCall(), carried: { headerLines: "A: b\r\n", acceptsEncoding: true } };
  const answer = await graphMetadata("main", made, call);
  return { asked, carried, answer, json: JSON.parse(textOf(answer)) };
};

describe("graphMetadata", () => {
  it("asks every unit in order, parents first, and answers under the predictor's name", async () => {
    const { asked, carried, answer } = await metadataOf({
      name: "r",
      type: "ROUTER",
      children: [leaf("a", { children: [leaf("b")] }), leaf("c")],
    });
    expect(asked).toEqual(["r metadata", "a metadata", "b metadata", "c metadata"]);
    expect(carried[0]).toEqual({ headerLines: "A: b\r\n", acceptsEncoding: false });
    expect(answer.contentType).toBe("application/json");
    expect(textOf(answer)).toBe(
      '{"name":"main","models":{"a":{"name":"a","inputs":["a in"],"outputs":["a out"]},' +
        '"b":{"name":"b","inputs":["b in"],"outputs":["b out"]},' +
        '"c":{"name":"c","inputs":["c in"],"outputs":["c out"]},' +
        '"r":{"name":"r","inputs":["r in"],"outputs":["r out"]}},' +
        '"graphinputs":["a in"],"graphoutputs":["b out"]}',
    );
  });

  it("keeps known keys in their order, without the empty ones but for inputs and outputs", async () => {
    const { json } = await metadataOf(
      { name: "a", type: "MODEL", children: [leaf("b")] },
      {
        a: {
          outputs: [],
          inputs: { messagetype: "tensor" },
          custom: { k: "v" },
          versions: ["1"],
          platform: "p",
          name: "other",
          apiVersion: "dropped",
        },
        b: { name: "", platform: null, versions: [], custom: {}, inputs: null },
      },
    );
    expect(Object.entries(json.models.a)).toEqual([
      ["name", "other"],
      ["platform", "p"],
      ["versions", ["1"]],
      ["inputs", { messagetype: "tensor" }],
      ["outputs", []],
      ["custom", { k: "v" }],
    ]);
    expect(json.models.b).toEqual({});
    expect([json.graphinputs, json.graphoutputs]).toEqual([{ messagetype: "tensor" }, null]);
  });

  it("sorts the keys of what units say", async () => {
    const { answer } = await metadataOf(
      { name: "a", type: "MODEL" },
      {
        a: { inputs: [{ z: { d: 1, c: [{ b: 1, a: 2 }] }, y: null }], custom: { k: "1", j: "2" } },
      },
    );
    expect(textOf(answer)).toBe(
      '{"name":"main","models":{"a":{"inputs":[{"y":null,"z":{"c":[{"a":2,"b":1}],"d":1}}],' +
        '"custom":{"j":"2","k":"1"}}},' +
        '"graphinputs":[{"y":null,"z":{"c":[{"a":2,"b":1}],"d":1}}],"graphoutputs":null}',
    );
  });

  it("sorts keys that are numbers as text too", async () => {
    const { answer } = await metadataOf(
      { name: "9", type: "MODEL", children: [leaf("10")] },
      { "9": { custom: { b: "1", "9": "2", "10": "3" }, inputs: { "2": 1, "11": 2 } }, "10": {} },
    );
    expect(textOf(answer)).toBe(
      '{"name":"main","models":{"10":{},' +
        '"9":{"inputs":{"11":2,"2":1},"custom":{"10":"3","9":"2","b":"1"}}},' +
        '"graphinputs":{"11":2,"2":1},"graphoutputs":null}',
    );
  });

  it("reads keys in any case, and null as nothing", async () => {
    const { json } = await metadataOf(
      { name: "a", type: "MODEL", children: [leaf("b")] },
      { a: { Name: "n", INPUTS: [1], versions: [null, "1"], custom: { k: null } }, b: "null" },
    );
    expect(json.models).toEqual({
      a: { name: "n", inputs: [1], versions: ["", "1"], custom: { k: "" } },
      b: {},
    });
  });

  it("lets built-in nodes describe themselves", async () => {
    const { json } = await metadataOf({
      name: "ab",
      implementation: "RANDOM_ABTEST",
      endpoint: {},
      children: [leaf("a")],
    });
    expect(json.graphinputs).toEqual(["a in"]);
    const plan = planOf({ name: "s", implementation: "SIMPLE_MODEL", type: "MODEL" });
    const alone = makeGraph<RestCarried>({
      plan,
      codec: makeSeldonJson(1000),
      ...builtInsOf(plan),
      remote: () => undefined,
    });
    const call = { ...makeCall(), carried: { headerLines: "", acceptsEncoding: false } };
    expect(JSON.parse(textOf(await graphMetadata("p", alone, call))).models.s).toMatchObject({
      platform: "espalier",
      versions: ["SIMPLE_MODEL"],
    });
  });

  const said = (body: unknown) => metadataOf({ name: "a", type: "MODEL" }, { a: body });
  it.each([
    { name: "no JSON", body: "no", says: /unit a is not JSON/ },
    { name: "a list", body: "[]", says: /unit a is not a JSON object/ },
    { name: "a name of numbers", body: { name: 5 }, says: /name must be/ },
    { name: "a platform that is a list", body: { platform: [] }, says: /platform must be/ },
    { name: "versions of numbers", body: { versions: [1] }, says: /versions must be/ },
    { name: "versions that are text", body: { versions: "1" }, says: /versions must be/ },
    { name: "custom values that are numbers", body: { custom: { a: 1 } }, says: /custom must be/ },
    { name: "custom that is a list", body: { custom: ["a"] }, says: /custom must be/ },
    { name: "a number beyond all numbers", body: '{"inputs":[1e400]}', says: /unit a .*too large/ },
    { name: "several faults", body: { name: 1, custom: 1 }, says: /name must be .*; custom must/ },
  ])("refuses $name", async ({ body, says }) => {
    await expect(said(body)).rejects.toMatchObject({
      code: "METADATA_UNREADABLE",
      message: expect.stringMatching(says),
    });
  });

  it("fails with a unit's status, and without its body", async () => {
    const answer = { ...payload("x"), status: 404 };
    await expect(said(new EngineError("NODE_STATUS", "x", { answer }))).rejects.toMatchObject({
      code: "NODE_STATUS",
      status: 404,
      answer: undefined,
    });
    await expect(metadataOf({ children: [unit({ name: "nowhere" })] })).rejects.toMatchObject({
      code: "NODE_WITHOUT_ENDPOINT",
    });
  });
});

describe("graphEnds", () => {
  const tree = (type: string | undefined, name: string, ...children: ReturnType<typeof node>[]) =>
    node(type, name, children);
  const node = (
    type: string | undefined,
    name: string,
    children: readonly { plan: PlanUnit; children: readonly never[] }[] = [],
  ) => ({
    plan: unit({ name, ...(type !== undefined && { type }) }),
    children: children as readonly never[],
  });

  it.each([
    { type: "MODEL", inputsOf: "n", outputsOf: "c" },
    { type: "TRANSFORMER", inputsOf: "n", outputsOf: "c" },
    { type: "OUTPUT_TRANSFORMER", inputsOf: "c", outputsOf: "n" },
    { type: "COMBINER", inputsOf: "c", outputsOf: "n" },
    { type: "ROUTER", inputsOf: "c", outputsOf: "c" },
    { type: "UNKNOWN_TYPE", inputsOf: "c", outputsOf: "c" },
    { type: undefined, inputsOf: "c", outputsOf: "c" },
  ])("of $type with children are $inputsOf and $outputsOf", ({ type, inputsOf, outputsOf }) => {
    const children = [tree("MODEL", "c"), tree("MODEL", "d")];
    expect(graphEnds(tree(type, "n", ...children))).toEqual({ inputsOf, outputsOf });
    expect(graphEnds(tree(type, "alone"))).toEqual({ inputsOf: "alone", outputsOf: "alone" });
  });

  it("go down through the first children", () => {
    const inner = tree("TRANSFORMER", "t", tree("COMBINER", "k", tree("MODEL", "m")));
    expect(graphEnds(tree("ROUTER", "r", inner, tree("MODEL", "x")))).toEqual({
      inputsOf: "t",
      outputsOf: "k",
    });
  });
});
