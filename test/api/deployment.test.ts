import { describe, expect, it } from "@jest/globals";
import {
  annotationOf,
  containersOf,
  findContainer,
  hasNoEngine,
  hasSeparateEngine,
  protocolOf,
  serverTypeOf,
  transportOf,
} from "../../api/deployment.ts";

describe("protocolOf, transportOf, serverTypeOf", () => {
  it("default what is empty or not given", () => {
    for (const spec of [{}, { protocol: "", transport: "", serverType: "" }] as const) {
      expect([protocolOf({ spec }), transportOf({ spec }), serverTypeOf({ spec })]).toEqual([
        "seldon",
        "rest",
        "rpc",
      ]);
    }
  });

  it("keep what is given", () => {
    const spec = { protocol: "v2", transport: "grpc", serverType: "kafka" } as const;
    expect([protocolOf({ spec }), transportOf({ spec }), serverTypeOf({ spec })]).toEqual([
      "v2",
      "grpc",
      "kafka",
    ]);
  });
});

describe("annotationOf", () => {
  it("prefers the annotations of spec", () => {
    const metadata = { annotations: { a: "metadata", b: "metadata" } };
    const spec = { annotations: { a: "spec" } };
    expect(annotationOf({ metadata, spec }, "a")).toBe("spec");
    expect(annotationOf({ metadata, spec }, "b")).toBe("metadata");
    expect(annotationOf({ metadata, spec }, "c")).toBeUndefined();
  });
});

describe("hasSeparateEngine, hasNoEngine", () => {
  it.each([
    ["true", true],
    ["True", true],
    ["false", false],
    ["1", false],
    [undefined, false],
  ])("are switched by %s: %s", (value, want) => {
    const annotations = (name: string) => (value === undefined ? {} : { [name]: value });
    const spec = { annotations: annotations("seldon.io/engine-separate-pod") };
    expect(hasSeparateEngine({ spec })).toBe(want);
    expect(hasNoEngine({ annotations: annotations("seldon.io/no-engine") })).toBe(want);
  });
});

describe("containersOf, findContainer", () => {
  const componentSpecs = [
    {},
    { spec: { containers: [{ name: "a" }, { name: "b" }] } },
    { spec: { containers: [{ name: "b", image: "second" }] } },
  ];

  it("find the first of a name", () => {
    expect(findContainer({ componentSpecs }, "b")).toEqual({ container: { name: "b" }, index: 1 });
    expect(findContainer({ componentSpecs }, "c")).toBeUndefined();
    expect(findContainer({}, "a")).toBeUndefined();
  });

  it("know pods without containers", () => {
    expect(containersOf({})).toEqual([]);
  });
});
