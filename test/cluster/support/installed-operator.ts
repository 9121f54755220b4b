/** The operator as a chart has installed it, in a process of its own: there are no nodes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { listAt, textAt } from "../../../operator/live.ts";
import type { Cluster } from "./cluster.ts";
import { type Operator, startOperatorProcess } from "./operator.ts";
import { deploymentAt } from "./operator-manifests.ts";

export type Installed = {
  /** A folder for its kubeconfig. */
  readonly home: string;
  /** The namespace of the release. */
  readonly system: string;
};

const account = "seldon-manager";

/** A kubeconfig with a token of the operator's service account. */
const kubeconfigOf = async (cluster: Cluster, { home, system }: Installed): Promise<string> => {
  const words = ["create", "token", account, "--namespace", system, "--duration=1h"];
  const { code, stdout, stderr } = await cluster.kubectl(words);
  if (code !== 0) throw new Error(stderr);
  const read = ["config", "view", "--raw", "-o", "json"];
  const config = JSON.parse((await cluster.kubectl(read)).stdout);
  config.users[0].user = { token: stdout.trim() };
  const path = join(home, `${system}.kubeconfig`);
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
};

/** With its rights, and as its Deployment says but for ports and what a pod knows of itself. */
export const startInstalled = async (cluster: Cluster, at: Installed): Promise<Operator> => {
  const { system } = at;
  const manager = await cluster.api.get(deploymentAt(system, "seldon-controller-manager"));
  const [container] = listAt(manager, "spec", "template", "spec", "containers");
  const env = listAt(container, "env").map((one) => [textAt(one, "name"), textAt(one, "value")]);
  return startOperatorProcess({
    api: { ...cluster.api, kubeconfig: await kubeconfigOf(cluster, at) },
    namespace: system,
    isClusterWide: true,
    env: { ...Object.fromEntries(env), POD_NAMESPACE: system },
    flags: [
      ...listAt(container, "args").map((word) =>
        String(word).replace(/^\$\(POD_NAMESPACE\)$/, system),
      ),
      ...["--metrics-addr=127.0.0.1:0", "--webhook-port=0"],
    ],
  });
};
