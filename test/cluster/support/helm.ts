/** Helm against a control plane. */
import { fileURLToPath } from "node:url";
import { readYaml } from "../../../api/yaml.ts";
import { helmPath } from "../environment/helm.ts";
import type { Given } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { type Kubectl, type KubectlResult, makeKubectl } from "./kubectl.ts";

// biome-ignore lint/style/noProcessEnv: where Helm is
const env = process.env;

export const chartFolder = (name: string): string =>
  fileURLToPath(new URL(`../../../charts/${name}`, import.meta.url));

export type Helm = {
  /** Answers what it says, also when it fails. */
  readonly run: Kubectl;
  /** @throws {Error} when it fails. */
  readonly must: (...args: readonly string[]) => Promise<string>;
  /** The objects that a chart renders to. */
  readonly template: (
    chart: string,
    namespace: string,
    ...args: readonly string[]
  ) => Promise<readonly Given[]>;
};

export const makeHelm = ({ api }: Cluster, home: string): Helm => {
  const run = makeKubectl(helmPath(env), home, api.kubeconfig);
  const must = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr }: KubectlResult = await run(args);
    if (code === 0) return stdout;
    throw new Error(`helm ${args.join(" ")}: ${stderr}`);
  };
  return {
    run,
    must,
    template: async (chart, namespace, ...args) => {
      const words = ["template", "release", chartFolder(chart), "--namespace", namespace];
      const output = await must(...words, "--kube-version", "1.34.4", ...args);
      const objects = readYaml(output) as readonly (Given | null)[]; // as: templates make nothing else
      return objects.filter((object) => object !== null);
    },
  };
};
