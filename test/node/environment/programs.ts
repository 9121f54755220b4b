/** The programs of a node that are built from Go modules. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { binariesFolder, kubernetesVersion } from "../../cluster/environment/binaries.ts";
import { type Build, prepareBuilt } from "../../cluster/environment/build.ts";
import { type Env, keyed } from "../../peers/environment/cache.ts";

export const programs = [
  "kubelet",
  "kube-proxy",
  "kube-scheduler",
  "coredns",
  "pause",
  "traefik",
] as const;

export type Program = (typeof programs)[number];

export type Programs = Readonly<Record<Program, string>>;

const nodeFolder = fileURLToPath(new URL("../", import.meta.url));
const dnsFolder = join(nodeFolder, "coredns");
const ingressFolder = join(nodeFolder, "traefik");

const keyOf = (program: Program, folder: string): string =>
  keyed(`${program}-${kubernetesVersion}`, readFileSync(join(folder, "go.mod"), "utf8"));

const kubernetes = (program: Program): Build => ({
  ...{ program, name: keyOf(program, nodeFolder), module: nodeFolder },
  ...{ package: `k8s.io/kubernetes/cmd/${program}`, version: ["--version"] },
});

const builds: Readonly<Record<Program, Build>> = {
  kubelet: kubernetes("kubelet"),
  "kube-proxy": kubernetes("kube-proxy"),
  "kube-scheduler": kubernetes("kube-scheduler"),
  coredns: {
    ...{ program: "coredns", name: keyOf("coredns", dnsFolder), module: dnsFolder },
    ...{ package: ".", version: ["-version"] },
  },
  pause: {
    ...{ program: "pause", name: keyOf("pause", nodeFolder), module: nodeFolder },
    ...{ package: "./pause", version: ["-version"] },
  },
  traefik: {
    ...{ program: "traefik", name: keyOf("traefik", ingressFolder), module: ingressFolder },
    ...{ package: "github.com/traefik/traefik/v3/cmd/traefik", version: ["version"] },
  },
};

export const prepareNodeProgram = (
  program: Program,
  env: Env,
  say: (line: string) => void,
): Promise<string> => prepareBuilt(builds[program], env, say);

/** @throws {Error} when one is not there. */
export const findNodePrograms = (env: Env): Programs => {
  const find = (program: Program): string => {
    const path = join(binariesFolder(env), builds[program].name, program);
    if (existsSync(path)) return path;
    throw new Error(`there is no ${path}: run node test/node/environment/main.ts`);
  };
  return {
    kubelet: find("kubelet"),
    "kube-proxy": find("kube-proxy"),
    "kube-scheduler": find("kube-scheduler"),
    coredns: find("coredns"),
    pause: find("pause"),
    traefik: find("traefik"),
  };
};
