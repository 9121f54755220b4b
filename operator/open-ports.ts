/** The pods behind a Service, by the ports that they listen on, as their Deployments say. */
import { isRolledOut, listAt, numberAt, podLabelsOf, textAt, wordsAt } from "./live.ts";
import { markOf, replacesAnnotation } from "./marks.ts";
import { type KubernetesObject, keyOf, refOf } from "./render/object.ts";

/** All Deployments of a SeldonDeployment: as they are wanted, and as they are. */
export type Pods = {
  readonly wanted: readonly KubernetesObject[];
  readonly live: readonly KubernetesObject[];
};

/** Of all containers of a Deployment's pods. */
export type Ports = readonly { readonly name: string; readonly number: number }[];

export type PodsBehind = {
  /** Those of before that are known, and those that come. */
  readonly all: readonly Ports[];
  readonly coming: readonly Ports[];
};

const openPortsOf = (deployment: KubernetesObject): Ports =>
  listAt(deployment, "spec", "template", "spec", "containers").flatMap((container) =>
    listAt(container, "ports").map((port) => ({
      name: textAt(port, "name"),
      number: numberAt(port, "containerPort"),
    })),
  );

const isBehind = (service: KubernetesObject): ((deployment: KubernetesObject) => boolean) => {
  const selector = Object.entries(wordsAt(service, "spec", "selector"));
  return (deployment) => {
    const labels = podLabelsOf(deployment);
    return selector.every(([key, value]) => labels[key] === value);
  };
};

export const podsBehind = (service: KubernetesObject, { wanted, live }: Pods): PodsBehind => {
  const coming = wanted.filter(isBehind(service)).map(openPortsOf);
  return { coming, all: [...live.filter(isBehind(service)).map(openPortsOf), ...coming] };
};

/** Whether a Service that leads there reaches each of these pods. */
export const isOpenInAll = (pods: readonly Ports[], target: number | string): boolean =>
  pods.every((ports) => ports.some(({ name, number }) => target === number || target === name));

/** Whether no pods are behind the Service but those that listen on these ports. */
export const isThrough = (
  service: KubernetesObject,
  numbers: readonly number[],
  { wanted, live }: Pods,
): boolean => {
  const keys = new Set(live.map((one) => keyOf(refOf(one))));
  const opensAll = (one: KubernetesObject): boolean =>
    numbers.every((number) => isOpenInAll([openPortsOf(one)], number));
  return (
    wanted.every((one) => keys.has(keyOf(refOf(one)))) &&
    // Else there are pods of a Deployment that is gone.
    live.every((one) => markOf(one, replacesAnnotation) === undefined) &&
    live.filter(isBehind(service)).every((one) => isRolledOut(one) && opensAll(one))
  );
};
