import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { findBinaries, given, programPath, programs } from "./binaries.ts";
import { prepareProgram } from "./build.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-binaries-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, names: readonly string[], script = "exit 0"): string => {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const one of names)
    writeFileSync(join(path, one), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
};

const envtest = ["etcd", "kube-apiserver", "kubectl"];

describe("given", () => {
  it("finds all in KUBEBUILDER_ASSETS", () => {
    const assets = put("assets", [...envtest, "kube-controller-manager"]);
    const env = { KUBEBUILDER_ASSETS: assets };
    expect(programs.map((one) => given(one, env))).toEqual(
      programs.map((one) => join(assets, one)),
    );
  });

  it("takes the controller manager, which envtest lacks, from PATH", () => {
    const assets = put("assets", envtest);
    const other = put("bin", ["kube-controller-manager", "etcd"]);
    const env = { KUBEBUILDER_ASSETS: assets, PATH: `/nowhere:${other}` };
    expect(given("kube-controller-manager", env)).toBe(join(other, "kube-controller-manager"));
    expect(given("etcd", env)).toBe(join(assets, "etcd"));
    expect(given("kube-controller-manager", { KUBEBUILDER_ASSETS: assets })).toBeUndefined();
  });

  it("says which one a named folder lacks", () => {
    const env = { KUBEBUILDER_ASSETS: put("assets", ["kubectl"]) };
    expect(() => given("etcd", env)).toThrow(/KUBEBUILDER_ASSETS is .*no etcd/);
  });

  it("takes nothing from PATH alone, whose versions nobody chose", () => {
    expect(given("etcd", { PATH: put("bin", ["etcd"]) })).toBeUndefined();
  });
});

describe("findBinaries", () => {
  it("names the command that prepares what is not there", () => {
    expect(() => findBinaries({ ESPALIER_CACHE: folder })).toThrow("environment/main.ts");
  });
});

describe("prepareProgram", () => {
  const say = (): void => {};

  it("answers what runs", async () => {
    const assets = put("assets", envtest);
    const env = { KUBEBUILDER_ASSETS: assets };
    expect(await prepareProgram("etcd", env, say)).toBe(join(assets, "etcd"));
  });

  it("refuses what does not run", async () => {
    const env = { KUBEBUILDER_ASSETS: put("assets", envtest, "exit 3") };
    await expect(prepareProgram("etcd", env, say)).rejects.toThrow("assets/etcd does not run");
  });

  it.each([
    { name: "no Go", go: "exit 127" },
    { name: "an old Go", go: "echo go version go1.19.8 linux/amd64" },
  ])("says what to do where there is $name", async ({ go }) => {
    const env = { ESPALIER_CACHE: folder, PATH: `${put("bin", ["go"], go)}:/usr/bin:/bin` };
    await expect(prepareProgram("etcd", env, say)).rejects.toThrow("KUBEBUILDER_ASSETS");
  });

  it("builds with Go into the cache, once", async () => {
    // A Go that writes a program that runs, wherever it is told to.
    const bin = put("bin", ["go"], writeProgram);
    const env = { ESPALIER_CACHE: folder, PATH: `${bin}:/usr/bin:/bin` };
    const said: string[] = [];
    const path = await prepareProgram("kubectl", env, (line) => said.push(line));
    expect(path).toBe(programPath("kubectl", env));
    expect(await prepareProgram("kubectl", { ...env, PATH: "/usr/bin:/bin" }, say)).toBe(path);
    expect(said).toEqual([expect.stringContaining("k8s.io/kubernetes/cmd/kubectl")]);
  });
});

const writeProgram = `
if [ "$1" = version ]; then echo go version go1.24.0 linux/amd64; fi
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then printf '#!/bin/sh\\nexit 0\\n' > "$2"; chmod +x "$2"; fi
  shift
done
`;
