import { describe, expect, it } from "@jest/globals";
import { makeAbTest } from "../../../runtime/nodes/abtest.ts";
import { average } from "../../../runtime/nodes/average.ts";
import { simpleModelAnswer, simpleRoute } from "../../../runtime/nodes/simple.ts";
import { codeOf } from "../protocol/outcome.ts";

const parameter = (name: string, value: string) => ({ name, value });

describe("makeAbTest", () => {
  const routeAt = (draw: number, ...parameters: { name: string; value: string }[]): number =>
    makeAbTest("ab", parameters, () => draw)();

  it.each([
    { name: "no parameter: 0.5", parameters: [], below: 0.49999, from: 0.5 },
    { name: "ratioA", parameters: [parameter("ratioA", "0.25")], below: 0.24999, from: 0.25 },
    {
      name: "ratioA at the precision of 32 bits",
      parameters: [parameter("ratioA", "0.1")],
      below: 0.1000000005,
      from: 0.1000000015,
    },
    {
      name: "two parameters: 0.5",
      parameters: [parameter("ratioA", "0.9"), parameter("x", "1")],
      below: 0.49,
      from: 0.5,
    },
    {
      name: "another parameter: 0.5",
      parameters: [parameter("ratioB", "0.9")],
      below: 0.49,
      from: 0.5,
    },
  ])("splits by $name", ({ parameters, below, from }) => {
    expect(routeAt(below, ...parameters)).toBe(0);
    expect(routeAt(from, ...parameters)).toBe(1);
  });

  it("sends nothing to the first child at 0, and everything at 1", () => {
    expect(routeAt(0, parameter("ratioA", "0"))).toBe(1);
    expect(routeAt(0.999999, parameter("ratioA", "1"))).toBe(0);
  });

  it.each(["", " ", "half", "0,5", "1/2", "NaN"])("refuses ratioA %j when it is asked", (value) => {
    expect(codeOf(() => routeAt(0, parameter("ratioA", value)))).toBe("PARAMETER_INVALID");
  });
});

describe("average", () => {
  const view = (values: readonly number[], shape = [values.length], names: string[] = []) => ({
    shape,
    values,
    names,
  });

  it("is the mean of each place, under the first child's names", () => {
    expect(
      average("n", [view([1, 2, 3, 4], [2, 2], ["a"]), view([3, 4, 5, 0], [2, 2], ["b"])]),
    ).toEqual(view([2, 3, 4, 2], [2, 2], ["a"]));
    expect(average("n", [view([1, 2])])).toEqual(view([1, 2]));
    expect(average("n", [view([]), view([])])).toEqual(view([]));
  });

  it("names the child whose shape differs", () => {
    const views = [view([1, 2]), view([1, 2]), view([1, 2], [1, 2])];
    expect(codeOf(() => average("n", views))).toBe("PAYLOAD_UNFIT");
    expect(() => average("n", views)).toThrow(/child 2 \[1,2\]/);
  });

  it("refuses to average nothing", () => {
    expect(codeOf(() => average("n", []))).toBe("PAYLOAD_UNFIT");
  });

  it("does not change what it was given", () => {
    const first = view([1, 2]);
    average("n", [first, view([3, 4])]);
    expect(first).toEqual(view([1, 2]));
  });
});

describe("the simple nodes", () => {
  it("answer what deviation E5 says", () => {
    expect(simpleRoute()).toBe(0);
    expect(simpleModelAnswer).toEqual({
      shape: [1, 3],
      values: [0.1, 0.9, 0.5],
      names: ["class0", "class1", "class2"],
    });
  });
});
