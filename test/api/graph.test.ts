import { describe, expect, it } from "@jest/globals";
import { count, find, isBuiltIn, isCustom, isPrepackaged, locate, walk } from "../../api/graph.ts";

type Unit = { readonly name: string; readonly children?: readonly Unit[] };
const root: Unit = {
  name: "a",
  children: [{ name: "b", children: [{ name: "c" }, { name: "d" }] }, { name: "d" }],
};

describe("locate", () => {
  it("gives parents before children, with paths", () => {
    expect(locate(root, "graph").map(({ unit, path }) => `${unit.name} ${path}`)).toEqual([
      "a graph",
      "b graph.children[0]",
      "c graph.children[0].children[0]",
      "d graph.children[0].children[1]",
      "d graph.children[1]",
    ]);
  });

  it("walks a tree of any depth", () => {
    let deep: Unit = { name: "leaf" };
    for (let i = 0; i < 20_000; i++) deep = { name: "n", children: [deep] };
    expect(count(deep)).toBe(20_001);
  });
});

describe("walk, find, count", () => {
  it("agree on the order", () => {
    expect(walk(root).map(({ name }) => name)).toEqual(["a", "b", "c", "d", "d"]);
    expect(find(root, "d")).toBe(root.children?.[0]?.children?.[1]);
    expect(find(root, "x")).toBeUndefined();
    expect(count(root)).toBe(5);
  });
});

describe("isCustom, isBuiltIn, isPrepackaged", () => {
  it.each([
    [undefined, "custom"],
    ["", "custom"],
    ["UNKNOWN_IMPLEMENTATION", "custom"],
    ["SIMPLE_MODEL", "built-in"],
    ["SIMPLE_ROUTER", "built-in"],
    ["RANDOM_ABTEST", "built-in"],
    ["AVERAGE_COMBINER", "built-in"],
    ["SKLEARN_SERVER", "prepackaged"],
    ["MY_OWN_SERVER", "prepackaged"],
  ])("%s is %s", (implementation, want) => {
    const unit = { implementation };
    const found = [
      isCustom(unit) && "custom",
      isBuiltIn(unit) && "built-in",
      isPrepackaged(unit) && "prepackaged",
    ];
    expect(found.filter(Boolean)).toEqual([want]);
  });
});
