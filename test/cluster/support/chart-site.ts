/** What tests of charts begin with: the CRD, a namespace of the restricted standard, and Helm. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { installCrd } from "./crd.ts";
import { type Helm, makeHelm } from "./helm.ts";
import { sharedCluster } from "./shared.ts";

export type ChartSite = {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly helm: Helm;
  readonly close: () => void;
};

export const openChartSite = async (): Promise<ChartSite> => {
  const cluster = sharedCluster();
  await installCrd(cluster);
  const home = mkdtempSync(join(tmpdir(), "espalier-helm-"));
  return {
    cluster,
    namespace: await cluster.namespace({ "pod-security.kubernetes.io/enforce": "restricted" }),
    helm: makeHelm(cluster, home),
    close: () => {
      cluster.close();
      rmSync(home, { recursive: true });
    },
  };
};
