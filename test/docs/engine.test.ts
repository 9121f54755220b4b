import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { errorTable } from "../../runtime/errors.ts";
import { engineFlags } from "../../runtime/flags.ts";
import { protocols } from "../../runtime/protocol/protocols.ts";

const page = readFileSync(new URL("../../docs/engine.md", import.meta.url), "utf8");

/** Rows of the first table below a heading, cell by cell. */
const tableOf = (heading: string): readonly (readonly string[])[] => {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ", 1)[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
};

const codes = (cell: string | undefined): readonly string[] =>
  [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");

describe("docs/engine.md", () => {
  it("lists every flag, and no other", () => {
    const documented = tableOf("Flags").flatMap(([flag]) => codes(flag));
    expect(documented.toSorted()).toEqual(
      Object.keys(engineFlags)
        .map((name) => `--${name}`)
        .toSorted(),
    );
  });

  it("gives the defaults of the flags", () => {
    for (const [flag, value] of tableOf("Flags")) {
      const names = codes(flag);
      const [given] = codes(value);
      if (names.length !== 1 || given === undefined) continue;
      const name = (names[0] ?? "").slice(2) as keyof typeof engineFlags;
      expect({ name, value: given }).toEqual({ name, value: engineFlags[name].default });
    }
  });

  it("lists every error with its two statuses", () => {
    const documented = tableOf("Errors").map(([code, http, grpc]) => [codes(code)[0], http, grpc]);
    const actual = Object.entries(errorTable).map(([code, { http, grpc }]) =>
      code === "NODE_STATUS"
        ? [code, "the node's", "the node's"]
        : [code, String(http), grpc as string],
    );
    expect(documented.toSorted()).toEqual(actual.toSorted());
  });

  it.each(["seldon", "v2", "tensorflow"])("lists every route of protocol %s", (name) => {
    const documented = tableOf(`Routes of protocol \`${name}\``).flatMap(([method, paths]) =>
      method === "any" ? [] : codes(paths).map((path) => `${method} ${path}`),
    );
    const actual = protocols[name]?.(1).rest.routes.map(({ method, path }) => `${method} ${path}`);
    expect(documented.toSorted()).toEqual(actual?.toSorted());
  });

  it.each(["seldon", "v2", "tensorflow"])("lists every RPC of protocol %s", (name) => {
    const row = tableOf("RPCs").find(([protocol]) => protocol === `\`${name}\``);
    const grpc = protocols[name]?.(1).grpc;
    const actual = [...(grpc?.rpcs.map(({ path }) => path) ?? []), ...(grpc?.streams ?? [])];
    expect(codes(row?.[1]).toSorted()).toEqual(actual.toSorted());
  });
});
