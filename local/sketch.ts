import type { Result } from "../api/result.ts";
import { layOut } from "./layout.ts";
import { type ContainerPorts, portNeeds } from "./relocate.ts";
import type { Machine, Place, PredictorLayout, Site } from "./site.ts";

/**
 * The layout of a predictor on ports that stand for any others: enough to say what cannot run
 * here, and whether an edit changed anything that a process can see.
 */
export const sketch = (site: Site, machine: Machine): Result<PredictorLayout> =>
  layOut(site, symbolicPlace(site), machine);

/** Equal for predictors that may share their processes: traffic, replicas and neighbours apart. */
export const fingerprint = (site: Site, machine: Machine): string => {
  const laid = sketch(site, { ...machine, env: {} });
  return JSON.stringify(laid.ok ? laid.value : laid.issues);
};

const symbolicPlace = ({ deployment, index }: Site): Place => {
  const predictor = deployment.spec.predictors[index];
  const needs = predictor === undefined ? [] : portNeeds(predictor);
  const ports = needs.map(({ container, http, grpc }, i): [string, ContainerPorts] => [
    container,
    { http: http ?? 3 * i + 1, grpc: grpc ?? 3 * i + 2, metrics: 3 * i + 3 },
  ]);
  return { ports: new Map(ports), engine: { http: 0, grpc: 0 }, scratch: "/" };
};
