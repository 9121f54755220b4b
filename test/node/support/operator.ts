/** The operator, as its chart installs it. */
import type { Api } from "../../cluster/support/api.ts";
import { chartFolder, makeHelm } from "../../cluster/support/helm.ts";
import { isRolledOut } from "../../cluster/support/kubelet.ts";
import { manifestOf, predictorOf, sdep } from "../../cluster/support/operator-manifests.ts";
import { gateway } from "./ingress.ts";
import type { Node } from "./node.ts";

export const operatorNamespace = "seldon-system";

export const operatorTarget = {
  ...{ apiVersion: "apps/v1", kind: "Deployment" },
  ...{ namespace: operatorNamespace, name: "seldon-controller-manager" },
};

/** Images are there already; engines ask for little: several share two cores with a whole cluster. */
const values = (tag: string): object => ({
  image: { tag, pullPolicy: "Never" },
  gatewayApi: { enabled: true, gateway },
  manager: { cpuRequest: "20m", cpuLimit: "1" },
  executor: {
    image: { tag, pullPolicy: "Never" },
    resources: {
      ...{ cpuRequest: "20m", cpuLimit: "1", memoryRequest: "64Mi", memoryLimit: "256Mi" },
    },
  },
});

/** Installs that version, or makes the one that is there this version; resolves when it is ready. */
export const installOperator = async (node: Node, tag: string): Promise<void> => {
  const helm = makeHelm(node, node.site.folder);
  const { code, stderr } = await helm.run(
    [
      ...["upgrade", "--install", "espalier", chartFolder("espalier-operator")],
      ...["--namespace", operatorNamespace, "--create-namespace"],
      ...["--values", "-", "--wait", "--timeout", "5m"],
    ],
    { input: JSON.stringify(values(tag)) },
  );
  if (code !== 0) throw new Error(`helm cannot install ${tag}: ${stderr}`);
  await operatorReady(node.api);
};

/**
 * Resolves when all its pods are available, by when the API server reaches its webhook.
 *
 * @throws {ApiError} when it does not.
 */
export const operatorReady = async (api: Api): Promise<void> => {
  await api.until(operatorTarget, isRolledOut, 180_000);
  await api.apply(probe, { dryRun: true });
};

const probe = manifestOf(sdep("default", "probe"), [predictorOf()]);
