import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { usage } from "../../../runtime/component/flags.ts";
import { makeGrpcHandlers } from "../../../runtime/component/grpc.ts";
import { servedMethods } from "../../../runtime/component/load.ts";
import { openApi } from "../../../runtime/component/openapi.ts";
import { componentOf, silent } from "./fixture.ts";

const page = readFileSync(new URL("../../../docs/serve.md", import.meta.url), "utf8");
const matches = (text: string, pattern: RegExp): readonly string[] => [
  ...new Set([...text.matchAll(pattern)].map(([match]) => match)),
];

describe("docs/serve.md", () => {
  it.each(servedMethods)("describes %s", (method) => {
    expect(page).toContain(`\`${method}(`);
  });

  const { unary } = makeGrpcHandlers({ ...componentOf({}), log: silent });
  const words = [...unary.keys()].flatMap((path): readonly string[] => {
    const [, service = "", method = ""] = path.split("/");
    if (service.startsWith("grpc.")) return [service.replace(/\.\w+$/, "")];
    return service.startsWith("inference.") ? [service, method] : [service.split(".")[2] ?? ""];
  });
  it.each([...new Set(words)])("names %s, which gRPC serves", (word) => {
    expect(page).toContain(`\`${word}\``);
  });

  it.each(Object.keys(openApi.paths))("lists %s", (path) => {
    expect(page).toContain(`\`${path}\``);
  });

  it("has the flags of --help, no more and no less", () => {
    const flags = matches(usage, /--[a-z][a-z-]+/g).filter((flag) => flag !== "--help");
    expect([...matches(page, /--[a-z][a-z-]+/g)].sort()).toEqual([...flags].sort());
  });

  it.each(matches(usage, /[A-Z]+_[A-Z_]+/g))("names the variable %s", (variable) => {
    expect(page).toContain(variable);
  });
});
