import { describe, expect, it } from "@jest/globals";
import { chooseTarget, findRoute, type Route, type Target } from "../../local/routes.ts";
import { nowhere } from "./fakes.ts";

const routeOf = (namespace: string, name: string): Route => ({
  namespace,
  name,
  state: () => ({ is: "starting", waitingFor: [] }),
});
const routes = [
  routeOf("default", "wine"),
  routeOf("ns1", "wine"),
  routeOf("ns1", "iris"),
  routeOf("ns1", "twin"),
  routeOf("ns2", "twin"),
  routeOf("default", "ns1"),
];

describe("findRoute", () => {
  it.each([
    {
      target: "/seldon/ns1/iris/api/v1.0/predictions",
      want: ["ns1", "iris"],
      rest: "/api/v1.0/predictions",
    },
    {
      target: "/seldon/iris/api/v1.0/predictions",
      want: ["ns1", "iris"],
      rest: "/api/v1.0/predictions",
    },
    { target: "/seldon/wine/x", want: ["default", "wine"], rest: "/x" },
    { target: "/seldon/ns1/wine/x", want: ["ns1", "wine"], rest: "/x" },
    { target: "/seldon/ns1/wine", want: ["ns1", "wine"], rest: "/" },
    { target: "/seldon/ns1/wine/", want: ["ns1", "wine"], rest: "/" },
    { target: "/seldon/ns1/wine?a=/b", want: ["ns1", "wine"], rest: "/?a=/b" },
    { target: "/seldon/ns1/wine/x?a=b", want: ["ns1", "wine"], rest: "/x?a=b" },
    { target: "/seldon/ns1/wine//x", want: ["ns1", "wine"], rest: "//x" },
    { target: "/seldon/ns1/other", want: ["default", "ns1"], rest: "/other" },
  ])("reads $target", ({ target, want, rest }) => {
    const found = findRoute(target, routes, "default");
    expect([found?.route.namespace, found?.route.name]).toEqual(want);
    expect(found?.target).toBe(rest);
    const { prefix = "" } = found ?? {};
    expect(target.startsWith(prefix)).toBe(true);
  });

  it.each([
    { name: "the root", target: "/" },
    { name: "another prefix", target: "/selden/ns1/wine" },
    { name: "nothing after the prefix", target: "/seldon/" },
    { name: "an unknown name", target: "/seldon/ns1x/nothing" },
    { name: "a prefix of a name", target: "/seldon/ns1x/win" },
    { name: "a name in two other namespaces", target: "/seldon/twin/x" },
  ])("finds nothing for $name", ({ target }) => {
    expect(findRoute(target, routes, "default")).toBeUndefined();
  });

  it("takes a name in the default namespace before others", () => {
    expect(findRoute("/seldon/twin/x", routes, "ns2")?.route.namespace).toBe("ns2");
  });
});

const targetOf = (predictor: string, weightPercent: number): Target => ({
  predictor,
  weightPercent,
  upstream: nowhere,
  unavailable: () => undefined,
});

describe("chooseTarget", () => {
  const split = [targetOf("a", 75), targetOf("b", 0), targetOf("c", 25)];
  it.each([
    { name: "the start", targets: split, random: 0, want: "a" },
    { name: "below the border", targets: split, random: 0.7499, want: "a" },
    { name: "the border", targets: split, random: 0.75, want: "c" },
    { name: "the end", targets: split, random: 0.9999, want: "c" },
    { name: "a single one", targets: [targetOf("only", 100)], random: 0.5, want: "only" },
    {
      name: "a single one without weight",
      targets: [targetOf("only", 0)],
      random: 0.5,
      want: "only",
    },
    {
      name: "weights that are not percents",
      targets: [targetOf("a", 1), targetOf("b", 3)],
      random: 0.26,
      want: "b",
    },
    { name: "none", targets: [], random: 0.5, want: undefined },
  ])("takes $want at $name", ({ targets, random, want }) => {
    expect(chooseTarget(targets, random)?.predictor).toBe(want);
  });

  it("keeps the proportions", () => {
    const hits: Record<string, number> = {};
    for (let i = 0; i < 1000; i += 1) {
      const name = chooseTarget(split, i / 1000)?.predictor ?? "";
      hits[name] = (hits[name] ?? 0) + 1;
    }
    expect(hits).toEqual({ a: 750, c: 250 });
  });
});
