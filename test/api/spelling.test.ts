import { describe, expect, it } from "@jest/globals";
import { at, item, pathsAbove } from "../../api/path.ts";
import { nearest } from "../../api/spelling.ts";

describe("nearest", () => {
  it.each([
    ["modleUri", ["name", "modelUri"], "modelUri"],
    ["model_uri", ["modelUri"], "modelUri"],
    ["SKLEARNSERVER", ["XGBOOST_SERVER", "SKLEARN_SERVER"], "SKLEARN_SERVER"],
    ["rest", ["REST", "GRPC"], "REST"],
    ["nme", ["name"], "name"],
    ["replica", ["replicas"], "replicas"],
    ["x", ["y", "z"], "y"],
    ["traffic", ["shadow", "graph"], undefined],
    ["", ["name"], undefined],
    ["ab", ["ba"], "ba"],
    ["modle", ["mod", "model", "modle2"], "model"],
    ["predictors", ["prdictorz", "predctr", "predictorss"], "predictorss"],
    ["abcdefghijkl", ["efghijklabcd"], undefined],
    ["a".repeat(100), ["a".repeat(99)], undefined],
  ])("of %s among %j is %s", (word, words, want) => {
    expect(nearest(word, words)).toBe(want);
  });
});

describe("at, item", () => {
  it("write paths as people do", () => {
    expect(at("", "spec")).toBe("spec");
    expect(at(item("spec.predictors", 2), "name")).toBe("spec.predictors[2].name");
    expect(at("spec.annotations", 'a.b/"c')).toBe('spec.annotations["a.b/\\"c"]');
  });
});

describe("pathsAbove", () => {
  it("gives a path and what is around it", () => {
    expect(pathsAbove("a[0].b")).toEqual(["", "a", "a[0]", "a[0].b"]);
    expect(pathsAbove("")).toEqual(["", ""]);
  });
});
