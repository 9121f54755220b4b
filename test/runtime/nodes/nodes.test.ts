import { describe, expect, it } from "@jest/globals";
import type { PlanParameter } from "../../../api/plan.ts";
import { average } from "../../../runtime/nodes/average.ts";
import type { BuiltInNode, Look, Outcome } from "../../../runtime/nodes/node.ts";
import { definitionOf } from "../../../runtime/nodes/registry.ts";
import { makeMemoryStore } from "../../../runtime/nodes/store/memory.ts";
import { codeOf } from "../protocol/outcome.ts";

const parameter = (name: string, value: string) => ({ name, value });

/** A node as an engine makes it; every draw is `draw`. */
const made = (implementation: string, parameters: readonly PlanParameter[] = [], draw = 0) => {
  const branches = ["a", "b", "c"].map((name, index) => ({ index, name }));
  const store = makeMemoryStore(() => 0);
  const means = { name: "n", branches, parameters, random: () => draw, now: () => 0, store };
  const node: BuiltInNode | undefined = definitionOf(implementation)?.(means);
  if (node === undefined) throw new Error(`no ${implementation}`);
  return node;
};

const look = (more: Partial<Look> = {}): Look => ({
  id: "id",
  request: {},
  numbers: () => ({ shape: [1, 2], values: [7, 8], names: ["age", "user"] }),
  json: () => ({}),
  header: () => undefined,
  ...more,
});

describe("RANDOM_ABTEST", () => {
  const routeAt = (draw: number, ...parameters: { name: string; value: string }[]) =>
    made("RANDOM_ABTEST", parameters, draw).route?.(look());

  it.each([
    { draw: 0, child: 0 },
    { draw: 0.1, child: 1 },
    { draw: 0.59, child: 1 },
    { draw: 0.6, child: 2 },
    { draw: 0.999, child: 2 },
  ])("draws among three by weight: $draw is child $child", ({ draw, child }) => {
    expect(routeAt(draw, parameter("weights", "1, 5, 4"))).toBe(child);
  });

  it.each(["1,2", "0,0,0", "1,-1,1", "1,x,1", ""])("refuses weights %j", (value) => {
    expect(codeOf(() => routeAt(0, parameter("weights", value)))).toBe("PARAMETER_INVALID");
  });

  const share = (name: string, value: string, looks: readonly Look[]) => {
    const weights = parameter("weights", "1,1,2");
    const node = made("RANDOM_ABTEST", [weights, parameter(name, value)], 0.1);
    return looks.map((one) => node.route?.(one));
  };

  it("keeps the requests of one header together, and spreads the headers", () => {
    const users = Array.from({ length: 4000 }, (_, i) =>
      look({ header: (name) => (name === "X-User" ? `user ${i}` : undefined) }),
    );
    const first = share("sticky_header", "X-User", users);
    expect(share("sticky_header", "X-User", users)).toEqual(first);
    const counts = [0, 1, 2].map((child) => first.filter((one) => one === child).length / 4000);
    expect(counts[0]).toBeCloseTo(0.25, 1);
    expect(counts[2]).toBeCloseTo(0.5, 1);
  });

  it("draws for a request without the header or the column", () => {
    expect(share("sticky_header", "X-User", [look()])).toEqual([0]);
    expect(share("sticky_field", "colour", [look()])).toEqual([0]);
  });

  it("keeps the rows of one column's value together", () => {
    const of = (value: number) =>
      look({ numbers: () => ({ shape: [1, 1], values: [value], names: ["user"] }) });
    const [one, other, again] = share("sticky_field", "user", [of(1), of(5), of(1)]);
    expect(again).toBe(one);
    expect(other).toBeGreaterThanOrEqual(0);
  });

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

  it("weighs the children", () => {
    const views = [view([1]), view([3]), view([11])];
    expect(average("n", views, [2, 1, 1])).toEqual(view([4]));
    const node = made("AVERAGE_COMBINER", [parameter("weights", "2,1,1")]);
    const looks = views.map((one) => look({ numbers: () => one }));
    expect(node.aggregate?.(looks)).toEqual({ numbers: view([4]) });
    const unfit = made("AVERAGE_COMBINER", [parameter("weights", "2,1")]);
    expect(codeOf(() => unfit.aggregate?.(looks))).toBe("PARAMETER_INVALID");
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
    expect(made("SIMPLE_ROUTER").route?.(look())).toBe(0);
    const answer = made("SIMPLE_MODEL").input?.(look()) as Outcome;
    expect(answer.form).toBe("tensor");
    expect(answer.numbers).toEqual({
      shape: [1, 3],
      values: [0.1, 0.9, 0.5],
      names: ["class0", "class1", "class2"],
    });
  });
});
