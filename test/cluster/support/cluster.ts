/** What a test may do with a running control plane. */
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { Addon } from "../environment/addons.ts";
import type { Installed } from "../environment/installed.ts";
import { type Api, openApi } from "./api.ts";
import { type Audit, openAudit } from "./audit.ts";
import type { Subject } from "./certificates.ts";
import { crdsOf, installCrds, removeCrds, withoutConversion } from "./crds.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { type Kubectl, makeKubectl } from "./kubectl.ts";

/** All that is needed to talk to it from another process. */
export type Site = Installed & { readonly url: string; readonly folder: string };

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
  /** Serves the kinds of an add-on by its real CRDs; nobody acts upon them. */
  readonly installAddon: (addon: Addon) => Promise<void>;
  /** Resolves when its kinds are not served any more. */
  readonly removeAddon: (addon: Addon) => Promise<void>;
  /** Closes the connections. */
  readonly close: () => void;
};

export const adminKubeconfig = ({ folder }: Site): string =>
  join(folder, "client-admin.kubeconfig");

export const openCluster = (site: Site): Cluster => {
  const { url, folder, binaries, addons } = site;
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
    // What it has learnt of kinds it keeps for hours: those of other tests are none of this one's.
    kubectl: makeKubectl(binaries.kubectl, mkdtempSync(join(folder, "kubectl-")), api.kubeconfig),
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
    installAddon: (addon) => installCrds(api, crdsOf(addon, addons[addon]).map(withoutConversion)),
    removeAddon: (addon) => removeCrds(api, crdsOf(addon, addons[addon])),
    close: () => {
      for (const one of opened) one.close();
    },
  };
};
