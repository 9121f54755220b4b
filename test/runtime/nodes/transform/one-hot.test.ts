import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { codeOf } from "../../protocol/outcome.ts";
import { entered, lookAt, nodeOf, reference, rows } from "../node.ts";

const { categories, rows: cells, ...wanted } = reference.one_hot;
const names = ["colour", "sure", "size"];

const encoded = (parameters: Readonly<Record<string, unknown>>, message: unknown) =>
  entered(nodeOf("ONE_HOT_ENCODER", parameters), lookAt(rows([0]), { json: () => message }));

describe("ONE_HOT_ENCODER", () => {
  it.each(["none", "first", "if_binary"] as const)("encodes like scikit-learn, drop %s", (drop) => {
    const parameters = { categories, drop, handle_unknown: "ignore" };
    const { values, names: columns } = wanted[drop];
    expect(encoded(parameters, { data: { names, ndarray: cells } }).numbers).toEqual({
      shape: [3, columns.length],
      values: values.flat(),
      names: columns.map((name) => name.replace(".0", "")), // JavaScript writes 1.0 as 1
    });
  });

  const colours = {
    categories: [
      ["red", "blue"],
      [1, 2],
    ],
  };
  const want = [1, 0, 0, 1, 0, 1, 1, 0];

  it.each([
    {
      name: "an ndarray",
      message: {
        data: {
          ndarray: [
            ["red", 2],
            ["blue", 1],
          ],
        },
      },
    },
    {
      name: "a flat tensor",
      message: { inputs: [{ shape: [2, 2], data: ["red", 2, "blue", 1] }] },
    },
    {
      name: "a nested tensor",
      message: {
        outputs: [
          {
            shape: [2, 2],
            data: [
              ["red", 2],
              ["blue", 1],
            ],
          },
        ],
      },
    },
    {
      name: "instances",
      message: {
        instances: [
          ["red", 2],
          ["blue", 1],
        ],
      },
    },
    {
      name: "predictions",
      message: {
        predictions: [
          ["red", 2],
          ["blue", 1],
        ],
      },
    },
    { name: "one row", message: { data: { ndarray: ["red", 2] } }, rows: 1 },
  ])("reads $name", ({ message, rows: count = 2 }) => {
    expect(encoded(colours, message).numbers?.values).toEqual(want.slice(0, count * 4));
  });

  it("reads a tensor of numbers in a SeldonMessage", () => {
    const message = { data: { tensor: { shape: [2, 1], values: [2, 1] } } };
    expect(encoded({ categories: [["x", 1, 2]] }, message).numbers?.values).toEqual([
      0, 0, 1, 0, 1, 0,
    ]);
  });

  it("looks only at numbers where all categories are numbers", () => {
    const node = nodeOf("ONE_HOT_ENCODER", { categories: [[1, 2]] });
    const look = lookAt(rows([2], [1]), {
      json: () => {
        throw new Error("nobody asks");
      },
    });
    expect(entered(node, look).numbers).toEqual({
      shape: [2, 2],
      values: [0, 1, 1, 0],
      names: ["x0_1", "x0_2"],
    });
  });

  it("passes the columns on that are not encoded, behind the others", () => {
    const parameters = { categories: [["a", "b"]], columns: [1] };
    const message = { data: { names: ["p", "q", "r"], ndarray: [[7, "b", 8]] } };
    expect(encoded(parameters, message).numbers).toEqual({
      shape: [1, 4],
      values: [0, 1, 7, 8],
      names: ["q_a", "q_b", "p", "r"],
    });
  });

  it.each([
    { name: "an unknown category", message: { data: { ndarray: [["green", 1]] } } },
    { name: "a text for a number", message: { data: { ndarray: [["red", "1"]] } } },
    { name: "a missing value", message: { data: { ndarray: [[null, 1]] } } },
    {
      name: "a category that is an object's own",
      message: { data: { ndarray: [["toString", 1]] } },
    },
    { name: "a row too narrow", message: { data: { ndarray: [["red"]] } } },
    { name: "a row too wide", message: { data: { ndarray: [["red", 1, 1]] } } },
    { name: "rows that differ", message: { data: { ndarray: [["red", 1], ["red"]] } } },
    { name: "no rows", message: { data: { ndarray: [] } } },
    { name: "empty rows", message: { data: { ndarray: [[]] } } },
    { name: "no data", message: { strData: "red" } },
    { name: "no object", message: [1] },
    { name: "no tensors", message: { inputs: [] } },
    { name: "a tensor without data", message: { inputs: [{ shape: [1, 2] }] } },
    {
      name: "a tensor of another shape",
      message: { inputs: [{ shape: [2, 2], data: ["red", 1, 1] }] },
    },
  ])("refuses $name", ({ message }) => {
    expect(codeOf(() => encoded(colours, message))).toBe("PAYLOAD_UNFIT");
  });

  it("names row and column of an unknown category, and shows no more than a bit of it", () => {
    const message = {
      data: {
        ndarray: [
          ["red", 1],
          ["x".repeat(1000), 1],
        ],
      },
    };
    expect(() => encoded(colours, message)).toThrow(/row 1, column 0 is "x{99}\.\.\./);
  });

  it("takes any JSON at all for what it is, however deep", () => {
    const outcomeOf = (message: unknown) => codeOf(() => encoded(colours, message)) ?? "fine";
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        for (const message of [
          json,
          { data: json },
          { data: { ndarray: json } },
          { inputs: json },
        ]) {
          expect(["PAYLOAD_UNFIT", "fine"]).toContain(outcomeOf(message));
        }
      }),
    );
    let deep: unknown = [];
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(outcomeOf({ data: { ndarray: [["red", deep]], names: [deep, deep] } })).toBe(
      "PAYLOAD_UNFIT",
    );
  });

  it("refuses texts in columns that are passed on", () => {
    const parameters = { categories: [["a"]], columns: [0] };
    expect(codeOf(() => encoded(parameters, { data: { ndarray: [["a", "b"]] } }))).toBe(
      "PAYLOAD_UNFIT",
    );
    const far = { categories: [["a"]], columns: [4] };
    expect(codeOf(() => encoded(far, { data: { ndarray: [["a", "b"]] } }))).toBe("PAYLOAD_UNFIT");
  });

  it.each([
    {},
    { categories: [] },
    { categories: {} },
    { categories: [[]] },
    { categories: [["a", null]] },
    { categories: [["a", "a"]] },
    { categories: [["a"]], columns: [0, 1] },
    { categories: [["a"]], columns: [0.5] },
    { categories: [["a"], ["b"]], columns: [1, 1] },
    { categories: [["a"]], drop: "last" },
    { categories: [["a"]], handle_unknown: "guess" },
  ])("refuses parameters %j", (parameters) => {
    const message = { data: { ndarray: [["a"]] } };
    expect(codeOf(() => encoded(parameters, message))).toBe("PARAMETER_INVALID");
  });
});
