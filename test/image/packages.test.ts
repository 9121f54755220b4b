import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { isOfUse, productionPackages } from "../../image/packages.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-packages-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const lock = (packages: object): void =>
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages }));

describe("productionPackages", () => {
  it("leaves out what is for development, of a peer, a type, or not for this machine", () => {
    mkdirSync(join(folder, "node_modules/kept"), { recursive: true });
    lock({
      "": { name: "product" },
      "node_modules/kept": { version: "1.2.3" },
      "node_modules/for-tests": { dev: true },
      "node_modules/for-some": { devOptional: true },
      "node_modules/of-a-peer": { peer: true },
      "node_modules/@types/kept": {},
      "node_modules/for-windows": { optional: true },
    });
    expect(productionPackages(folder)).toEqual([{ path: "node_modules/kept", id: "kept@1.2.3" }]);
  });

  it("says what to do where one is not installed", () => {
    lock({ "node_modules/missing": {} });
    expect(() => productionPackages(folder)).toThrow("npm ci");
  });

  it("finds every dependency of the manifest", () => {
    const { dependencies }: { dependencies: object } = JSON.parse(
      readFileSync(join(project, "package.json"), "utf8"),
    );
    const found = productionPackages(project).map(({ path }) => path);
    for (const name of Object.keys(dependencies)) expect(found).toContain(`node_modules/${name}`);
  });
});

describe("npm run sbom", () => {
  it("names what the image holds", () => {
    const output = execFileSync("npm", ["run", "--silent", "sbom"], {
      cwd: project,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const { components }: { components: { "bom-ref": string }[] } = JSON.parse(output);
    const named = components.map((one) => one["bom-ref"]);
    const held = productionPackages(project).map(({ id }) => id);
    expect(named.toSorted()).toEqual([...new Set(held)].toSorted());
  });
});

describe("isOfUse", () => {
  it.each([
    { path: "pkg/index.js", use: true },
    { path: "pkg/index.mjs", use: true },
    { path: "pkg/data.json", use: true },
    { path: "pkg/service.proto", use: true },
    { path: "pkg/LICENSE.md", use: true },
    { path: "pkg/NOTICE", use: true },
    { path: "pkg/README.md", use: false },
    { path: "pkg/index.d.ts", use: false },
    { path: "pkg/index.d.cts", use: false },
    { path: "pkg/index.js.map", use: false },
    { path: "pkg/src/index.ts", use: false },
  ])("$path: $use", ({ path, use }) => {
    expect(isOfUse(path)).toBe(use);
  });
});
