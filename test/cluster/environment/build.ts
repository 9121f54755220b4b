/** Builds the programs of a control plane from their Go modules, pinned by go.mod beside this. */
import { join } from "node:path";
import type { Env } from "../../peers/environment/cache.ts";
import { makeOnce } from "../../peers/environment/once.ts";
import { must, run } from "../../peers/environment/run.ts";
import {
  binariesFolder,
  builtName,
  given,
  kubernetesVersion,
  moduleFolder,
  type Program,
} from "./binaries.ts";

/** Two busy cores take about 10 minutes for the first one. */
const buildLimitMs = 60 * 60_000;
const checkLimitMs = 60_000;

const packages: Readonly<Record<Program, string>> = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
};

/** What the programs of Kubernetes say of their version: some features look at it. */
const linked = (): string => {
  const [major, minor] = kubernetesVersion.slice(1).split(".");
  const version = "k8s.io/component-base/version";
  return [
    "-s -w",
    `-X ${version}.gitVersion=${kubernetesVersion}`,
    `-X ${version}.gitMajor=${major}`,
    `-X ${version}.gitMinor=${minor}`,
  ].join(" ");
};

const versionCommands: Readonly<Record<Program, readonly string[]>> = {
  etcd: ["--version"],
  "kube-apiserver": ["--version"],
  "kube-controller-manager": ["--version"],
  kubectl: ["version", "--client"],
};

const works = async (program: Program, path: string, env: Env): Promise<boolean> =>
  (await run([path, ...versionCommands[program]], env, checkLimitMs)).code === 0;

/**
 * Answers where the program is, and builds it if it is nowhere.
 *
 * @throws {Error} when it neither is there nor can be built.
 */
export const prepareProgram = async (
  program: Program,
  env: Env,
  say: (line: string) => void,
): Promise<string> => {
  const there = given(program, env);
  if (there !== undefined) {
    if (await works(program, there, env)) return there;
    throw new Error(`${there} does not run`);
  }
  const source = { module: moduleFolder, package: packages[program] };
  const target = { program, name: builtName(program), version: versionCommands[program] };
  return prepareBuilt({ ...source, ...target }, env, say);
};

export type Build = {
  readonly program: string;
  /** In the cache; another one whenever what the program is made of changes. */
  readonly name: string;
  /** The folder of the go.mod that pins it. */
  readonly module: string;
  readonly package: string;
  /** Arguments with which it ends well. */
  readonly version: readonly string[];
};

/** Answers the path of a program in the cache, and builds it unless it is there. */
export const prepareBuilt = async (
  build: Build,
  env: Env,
  say: (line: string) => void,
): Promise<string> => {
  const { program, name, version } = build;
  const folder = await makeOnce({
    folder: binariesFolder(env),
    name,
    say,
    works: async (path) =>
      (await run([join(path, program), ...version], env, checkLimitMs)).code === 0,
    make: async (into) => {
      await mustHaveGo(env);
      say(`building ${build.package} (the first build takes minutes)`);
      await compile(build, into, env);
    },
  });
  return join(folder, program);
};

/** From 1.21 on, Go gets the version that go.mod names by itself. */
const oldestGo = 21;

/** @throws {Error} when there is none, or one that is too old. */
export const mustHaveGo = async (env: Env): Promise<void> => {
  const { code, output } = await run(["go", "version"], env, checkLimitMs);
  const minor = Number(/go1\.(\d+)/.exec(output)?.[1]);
  if (code === 0 && minor >= oldestGo) return;
  throw new Error(
    `there is no Go 1.24 or later to build or download it with${code === 0 ? `, but ${output.trim()}` : ""}. ` +
      "Install one; or let KUBEBUILDER_ASSETS name a folder with etcd, kube-apiserver, kubectl and " +
      "kube-controller-manager, and ESPALIER_CACHE one in which this has run before",
  );
};

/** At low priority: a machine that builds it is used for other things meanwhile. */
const compile = async (build: Build, into: string, env: Env): Promise<void> => {
  const flags = ["-C", build.module, "-trimpath", "-ldflags", linked()];
  await must(
    ["nice", "go", "build", ...flags, "-o", join(into, build.program), build.package],
    { ...env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" },
    buildLimitMs,
  );
};
