import { describe, expect, it } from "@jest/globals";
import { differsAt } from "../../operator/compare.ts";
import { digestOf } from "../../operator/digest.ts";
import { isSameQuantity } from "../../operator/quantity.ts";

describe("differsAt", () => {
  const env = (name: string, value: string) => ({ name, value });
  it.each<{ name: string; desired: unknown; live: unknown; at: string | undefined }>([
    { name: "equal fields", desired: { a: 1 }, live: { a: 1 }, at: undefined },
    { name: "fields of others", desired: { a: 1 }, live: { a: 1, b: 2 }, at: undefined },
    { name: "a field that is missing", desired: { a: { b: 1 } }, live: { a: {} }, at: "a.b" },
    { name: "another value", desired: { a: { b: 1 } }, live: { a: { b: 2 } }, at: "a.b" },
    {
      name: "an empty value left out",
      desired: { a: "", b: [], c: {}, d: 0 },
      live: {},
      at: undefined,
    },
    { name: "false left out", desired: { a: false }, live: {}, at: undefined },
    { name: "false that is true", desired: { a: false }, live: { a: true }, at: "a" },
    { name: "zero that is not", desired: { replicas: 0 }, live: { replicas: 1 }, at: "replicas" },
    { name: "null", desired: { a: null }, live: { a: 1 }, at: undefined },
    {
      name: "a quantity",
      desired: { limits: { cpu: "0.5" } },
      live: { limits: { cpu: "500m" } },
      at: undefined,
    },
    {
      name: "a quantity as a number",
      desired: { limits: { cpu: 1 } },
      live: { limits: { cpu: "1" } },
      at: undefined,
    },
    {
      name: "another quantity",
      desired: { limits: { cpu: "1" } },
      live: { limits: { cpu: "2" } },
      at: "limits.cpu",
    },
    {
      name: "a value that looks like one",
      desired: { env: [env("A", "1000m")] },
      live: { env: [env("A", "1")] },
      at: "env[0].value",
    },
    {
      name: "a metric's target",
      desired: { target: { value: "1000m" } },
      live: { target: { value: "1" } },
      at: undefined,
    },
    {
      name: "a keyed list in another order",
      desired: { env: [env("A", "1"), env("B", "2")] },
      live: { env: [env("B", "2"), env("C", "3"), env("A", "1")] },
      at: undefined,
    },
    {
      name: "a key that is missing",
      desired: { env: [env("A", "1")] },
      live: { env: [env("B", "1")] },
      at: "env[0]",
    },
    {
      name: "ports without a protocol",
      desired: { ports: [{ containerPort: 1 }] },
      live: { ports: [{ containerPort: 1, protocol: "TCP" }] },
      at: undefined,
    },
    {
      name: "ports of another protocol",
      desired: { ports: [{ port: 1, protocol: "UDP" }] },
      live: { ports: [{ port: 1, protocol: "TCP" }] },
      at: "ports[0]",
    },
    {
      name: "a list in order",
      desired: { args: ["a", "b"] },
      live: { args: ["b", "a"] },
      at: "args[0]",
    },
    { name: "a longer list", desired: { args: ["a"] }, live: { args: ["a", "b"] }, at: "args" },
    { name: "another type", desired: { a: [], b: [1] }, live: { b: { c: 1 } }, at: "b" },
    { name: "a mapping for a word", desired: { a: { b: 1 } }, live: { a: "b" }, at: "a" },
  ])("$name", ({ desired, live, at }) => {
    expect(differsAt(desired, live)).toBe(at);
  });
});

describe("isSameQuantity", () => {
  it.each([
    ["0.5", "500m", true],
    ["1Gi", "1024Mi", true],
    ["1e3", "1k", true],
    [".5", "500m", true],
    ["1G", "1Gi", false],
    ["-1", "1", false],
    ["", "", false],
    ["a", "a", false],
    ["1e999999999", "1e999999999", false],
    ["1n", "0.000000001", true],
  ])("%s and %s", (one, other, same) => {
    expect(isSameQuantity(one, other)).toBe(same);
  });

  it("is none but text and numbers", () => {
    expect(isSameQuantity({}, {})).toBe(false);
  });
});

describe("digestOf", () => {
  it("does not depend on the order of fields, and on what is not there", () => {
    expect(digestOf({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(
      digestOf({ b: [{ d: 3, c: 2, e: undefined }], a: 1, f: null }),
    );
    expect(digestOf({ a: [1, 2] })).not.toBe(digestOf({ a: [2, 1] }));
  });
});
