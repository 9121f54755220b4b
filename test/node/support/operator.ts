/** The operator, as its chart installs it. */
import { setTimeout } from "node:timers/promises";
import type { Api } from "../../cluster/support/api.ts";
import { ApiError } from "../../cluster/support/api-error.ts";
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

/** Resolves when all its pods are ready, and the API server reaches its webhook. */
export const operatorReady = async (api: Api): Promise<void> => {
  await api.until(operatorTarget, isRolledOut, 180_000);
  const late = Date.now() + answerLimitMs;
  for (;;) {
    try {
      await api.apply(probe, { dryRun: true });
      return;
    } catch (error) {
      // a Service leads to pods that have become ready a moment later than they say so
      if (!(error instanceof ApiError && error.status === 500) || Date.now() > late) throw error;
      await setTimeout(pollMs);
    }
  }
};

const answerLimitMs = 60_000;
const pollMs = 250;

const probe = manifestOf(sdep("default", "probe"), [predictorOf()]);
