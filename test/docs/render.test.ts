import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { readYaml } from "../../api/yaml.ts";

const project = join(import.meta.dirname, "../..");
const page = readFileSync(join(project, "docs/render.md"), "utf8");
const [, example = ""] = /^```sh\nespalier (.*)\n```$/m.exec(page) ?? [];

const espalier = (...argv: readonly string[]) => {
  const command = join(project, "bin/espalier");
  const env = { PATH: "/usr/local/bin:/usr/bin:/bin" };
  const { status, stdout } = spawnSync(command, argv, { cwd: project, env, encoding: "utf8" });
  return { status, stdout };
};

describe("docs/render.md", () => {
  it("has an example that works", () => {
    const { status, stdout } = espalier(...example.split(" "));
    expect(status).toBe(0);
    const kinds = readYaml(stdout).map((object) => (object as { kind: string }).kind);
    expect(kinds).toEqual(["Service", "Service", "Deployment"]);
  });

  it("has the flags of the command, and no others", () => {
    const flags = (text: string): readonly string[] =>
      [...new Set(text.match(/--[a-z]+/g))].filter((flag) => flag !== "--help").sort();
    expect(flags(page)).toEqual(flags(espalier("render", "--help").stdout));
  });
});
