import { describe, expect, it } from "@jest/globals";
import type { PlanParameter } from "../../../api/plan.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { average } from "../../../runtime/nodes/average.ts";
import type { BuiltInNode, Look, Outcome } from "../../../runtime/nodes/node.ts";
import { makeMemoryStore } from "../../../runtime/nodes/store/memory.ts";
import { codeOf } from "../protocol/outcome.ts";
import { definitionOf } from "./definitions.ts";

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

const columns = (ndarray: readonly unknown[]) => ({ data: { names: ["age", "user"], ndarray } });

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

  it.each<{
    readonly name: string;
    readonly field: string;
    readonly of: (value: unknown) => object;
  }>([
    { name: "a column of an ndarray", field: "user", of: (value) => columns([[7, value]]) },
    { name: "a column of the only row", field: "user", of: (value) => columns([7, value]) },
    {
      name: "a column of a tensor",
      field: "user",
      of: (value) => ({ data: { names: ["user"], tensor: { shape: [1, 1], values: [value] } } }),
    },
    { name: "a path", field: "jsonData.user.id", of: (id) => ({ jsonData: { user: { id } } }) },
    { name: "a text", field: "strData", of: (strData) => ({ strData }) },
    {
      name: "a tensor of v2",
      field: "user",
      of: (value) => ({ inputs: [{ name: "x" }, { name: "user", data: [[value]] }] }),
    },
    { name: "a parameter of v2", field: "parameters.u", of: (u) => ({ parameters: { u } }) },
    { name: "an instance", field: "user", of: (user) => ({ instances: [{ user }] }) },
    { name: "a column of tensorflow", field: "user", of: (user) => ({ inputs: { user: [user] } }) },
  ])("keeps the requests of one field together: $name", ({ field, of }) => {
    const looks = [1, 2, 3, 4, "a", "b", "a", 1].map((one) => look({ json: () => of(one) }));
    const routes = share("sticky_field", field, looks);
    expect([routes[6], routes[7]]).toEqual([routes[4], routes[0]]);
    expect(new Set(routes).size).toBeGreaterThan(1); // a draw of its own would be child 0
  });

  it.each([
    { name: "no such field", json: () => ({ data: { names: ["other"], ndarray: [[1]] } }) },
    { name: "a member of the prototype", json: () => ({ constructor: { name: 1 } }) },
    { name: "an object in it", json: () => ({ user: {} }) },
    { name: "an array", json: () => [1] },
    {
      name: "no JSON",
      json: () => {
        throw new EngineError("PAYLOAD_UNFIT", "x");
      },
    },
  ])("draws for a message with $name", ({ json }) => {
    expect(share("sticky_field", "user", [look({ json })])).toEqual([0]);
  });

  it("refuses a sticky_header that is none", () => {
    expect(codeOf(() => routeAt(0, parameter("sticky_header", "a b")))).toBe("PARAMETER_INVALID");
  });

  it("takes ratioA beside a sticky parameter", () => {
    const both = [parameter("ratioA", "0.9"), parameter("sticky_header", "X-User")];
    expect([routeAt(0.89, ...both), routeAt(0.91, ...both)]).toEqual([0, 1]);
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
