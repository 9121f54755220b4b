/** Where the programs of a control plane are. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, type Env, keyed } from "../../peers/environment/cache.ts";

/** That of `k8s.io/kubernetes` in go.mod. */
export const kubernetesVersion = "v1.34.4";

export const programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"] as const;

export type Program = (typeof programs)[number];

export type Binaries = Readonly<Record<Program, string>>;

export const moduleFolder = fileURLToPath(new URL("../", import.meta.url));

export const binariesFolder = (env: Env): string => cacheFolder(env, "cluster");

/** The name of a built program in the cache: another one whenever what it is made of changes. */
export const builtName = (program: Program): string =>
  keyed(`${program}-${kubernetesVersion}`, readFileSync(join(moduleFolder, "go.mod"), "utf8"));

/**
 * A program that need not be built.
 *
 * `KUBEBUILDER_ASSETS` has etcd, kube-apiserver and kubectl; kube-controller-manager is no part of
 * it, and is looked for in PATH too.
 *
 * Source: the Kubebuilder book, "Configuring envtest for integration tests".
 * @throws {Error} when KUBEBUILDER_ASSETS is set and lacks one of its own.
 */
export const given = (program: Program, env: Env): string | undefined => {
  const { KUBEBUILDER_ASSETS: assets, PATH: path = "" } = env;
  if (!assets) return undefined;
  const asset = join(assets, program);
  if (existsSync(asset)) return asset;
  if (program !== "kube-controller-manager")
    throw new Error(`KUBEBUILDER_ASSETS is ${assets}, where there is no ${program}`);
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(existsSync);
};

/** Where the program is once the environment is prepared. */
export const programPath = (program: Program, env: Env): string =>
  given(program, env) ?? join(binariesFolder(env), builtName(program), program);

/** @throws {Error} when one is not there. */
export const findBinaries = (env: Env): Binaries => {
  const find = (program: Program): string => {
    const path = programPath(program, env);
    if (existsSync(path)) return path;
    throw new Error(`there is no ${path}: run node test/cluster/environment/main.ts`);
  };
  return {
    etcd: find("etcd"),
    "kube-apiserver": find("kube-apiserver"),
    "kube-controller-manager": find("kube-controller-manager"),
    kubectl: find("kubectl"),
  };
};
