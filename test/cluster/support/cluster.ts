/** What a test may do with a running control plane. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Binaries } from "../environment/binaries.ts";
import { type Api, openApi } from "./api.ts";
import { type Audit, openAudit } from "./audit.ts";
import type { Subject } from "./certificates.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { type Kubectl, makeKubectl } from "./kubectl.ts";

/** All that is needed to talk to it from another process. */
export type Site = { readonly url: string; readonly folder: string; readonly binaries: Binaries };

export type Cluster = {
  readonly url: string;
  /** As a member of `system:masters`, who may do all. */
  readonly api: Api;
  readonly kubectl: Kubectl;
  readonly audit: Audit;
  /** Makes a namespace of its own for a test, and answers its name. */
  readonly namespace: (labels?: Readonly<Record<string, string>>) => Promise<string>;
  /** A user with a certificate, who may do what RBAC grants the name and the groups. */
  readonly user: (subject: Subject) => Promise<Api>;
  /** Closes the connections. */
  readonly close: () => void;
};

export const adminKubeconfig = ({ folder }: Site): string =>
  join(folder, "client-admin.kubeconfig");

export const openCluster = (site: Site): Cluster => {
  const { url, folder, binaries } = site;
  const opened: Api[] = [];
  const open = (kubeconfig: string): Api => {
    const api = openApi(kubeconfig);
    opened.push(api);
    return api;
  };
  const api = open(adminKubeconfig(site));
  return {
    url,
    api,
    kubectl: makeKubectl(binaries.kubectl, folder, api.kubeconfig),
    audit: openAudit(join(folder, "audit.log")),
    namespace: async (labels = {}) => {
      const name = `test-${randomBytes(4).toString("hex")}`;
      await api.create({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, labels },
      });
      return name;
    },
    user: async (subject) => open(await writeKubeconfig(folder, url, subject)),
    close: () => {
      for (const one of opened) one.close();
    },
  };
};
