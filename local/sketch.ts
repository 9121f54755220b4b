import type { Result } from "../api/result.ts";
import { layOut } from "./layout.ts";
import { type ContainerPorts, portNeeds } from "./relocate.ts";
import type { ContainerLayout, Machine, Place, PredictorLayout, Site } from "./site.ts";

/**
 * The layout of a predictor on ports that stand for any others: enough to say what cannot run
 * here, and whether an edit changed anything that a process can see.
 */
export const sketch = (site: Site, machine: Machine): Result<PredictorLayout> =>
  layOut(site, symbolicPlace(site), machine);

/** Equal for predictors that may share their processes: traffic, replicas and neighbours apart. */
export const fingerprint = (site: Site, machine: Machine): string => {
  const laid = sketch(site, { ...machine, env: {} });
  if (!laid.ok) return JSON.stringify(laid.issues);
  const { pods, ...others } = laid.value;
  return JSON.stringify({
    ...others,
    pods: pods.map(({ init, containers, podinfo }) => ({
      podinfo,
      init: init.map(visible),
      containers: containers.map(visible),
    })),
  });
};

/** All but the place in the manifest, which changes when a neighbour comes or goes. */
const visible = ({ path: _path, ...container }: ContainerLayout): object => container;

/** Beyond the last port, so that none that a user declares is mistaken for ours. */
const notAPort = 100_000;

const symbolicPlace = ({ deployment, index }: Site): Place => {
  const predictor = deployment.spec.predictors[index];
  const needs = predictor === undefined ? [] : portNeeds(predictor);
  const ports = needs.map(({ container, http, grpc }, i): [string, ContainerPorts] => [
    container,
    {
      http: http ?? notAPort + 3 * i,
      grpc: grpc ?? notAPort + 3 * i + 1,
      metrics: notAPort + 3 * i + 2,
    },
  ]);
  return { ports: new Map(ports), engine: { http: 0, grpc: 0 }, scratch: "/" };
};
