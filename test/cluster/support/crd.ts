import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readYaml } from "../../../api/yaml.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import type { Cluster } from "./cluster.ts";
import { installCrds } from "./crds.ts";

export const crdFile = fileURLToPath(
  new URL("../../../crds/seldondeployments.yaml", import.meta.url),
);

/** Installs the SeldonDeployment with a plain `kubectl apply`, as a user does, and waits until it is served. */
export const installCrd = async ({ kubectl, api }: Cluster): Promise<void> => {
  const { code, stderr } = await kubectl(["apply", "-f", crdFile]);
  if (code !== 0) throw new Error(`cannot install the CRD: ${stderr}`);
  await installCrds(api, readYaml(readFileSync(crdFile, "utf8")) as readonly KubernetesObject[]); // as: our own file
};
