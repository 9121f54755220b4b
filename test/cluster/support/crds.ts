/** Installs CRDs: their kinds are served then, by the API server alone. */
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { readYaml } from "../../../api/yaml.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { type Addon, addons } from "../environment/addons.ts";
import { type Api, targetOf } from "./api.ts";
import { isTrue } from "./conditions.ts";

type CrdSpec = {
  readonly group: string;
  readonly names: { readonly plural: string };
  readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  readonly conversion?: unknown;
};

const specOf = (crd: KubernetesObject): CrdSpec => crd["spec"] as CrdSpec; // as: of a CRD

const pollMs = 20;
const servedLimitMs = 120_000;

/** Those of an add-on. */
export const crdsOf = (addon: Addon, files: readonly string[]): readonly KubernetesObject[] => {
  const wanted: readonly string[] = addons[addon].crds;
  const objects = files.flatMap((file) => readYaml(readFileSync(file, "utf8")));
  const crds = (objects as readonly (KubernetesObject | null)[]) // as: files made for Kubernetes
    .filter((object) => object !== null)
    .filter(({ metadata }) => wanted.includes(metadata.name));
  if (crds.length === wanted.length) return crds;
  throw new Error(`not all of ${wanted.join(", ")} are in ${files.join(", ")}`);
};

/**
 * What converts between versions is a server that comes with the add-on and is not here; without
 * it, only the version of an object's last write can be read.
 */
export const withoutConversion = (crd: KubernetesObject): KubernetesObject => {
  const { conversion: _, ...spec } = specOf(crd);
  return { ...crd, spec };
};

/** Makes those that are not there; resolves when every version of each is served. */
export const installCrds = async (api: Api, crds: readonly KubernetesObject[]): Promise<void> => {
  await Promise.all(
    crds.map(async (crd) => {
      if ((await api.find(targetOf(crd))) === undefined) await api.create(crd);
      await api.until(targetOf(crd), (one) => isTrue(one, "Established"));
      await untilAnswered(api, crd, (status) => status !== 404);
    }),
  );
};

/** Resolves when they and all their objects are gone. */
export const removeCrds = async (api: Api, crds: readonly KubernetesObject[]): Promise<void> => {
  await Promise.all(
    crds.map(async (crd) => {
      await api.remove(targetOf(crd));
      await api.untilGone(targetOf(crd));
      await untilAnswered(api, crd, (status) => status === 404);
    }),
  );
};

/** What the API server says of a CRD comes a moment before it acts so. */
const untilAnswered = async (
  api: Api,
  crd: KubernetesObject,
  isExpected: (status: number) => boolean,
): Promise<void> => {
  const { group, names, versions } = specOf(crd);
  const late = Date.now() + servedLimitMs;
  for (const { name } of versions.filter(({ served }) => served)) {
    const path = `/apis/${group}/${name}/${names.plural}?limit=1`;
    while (!isExpected((await api.ask({ method: "GET", path })).status)) {
      if (Date.now() > late) throw new Error(`${path} has not changed in ${servedLimitMs} ms`);
      await setTimeout(pollMs);
    }
  }
};
