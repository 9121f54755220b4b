import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../api/result.ts";
import { failure } from "../api/result.ts";
import { layOut } from "./layout.ts";
import { isFree, type Ports } from "./ports.ts";
import { type ContainerPorts, type PortNeed, portNeeds } from "./relocate.ts";
import type { Machine, PredictorLayout, Site } from "./site.ts";

/** Ports and a folder for one predictor, and the layout made with them. */
export type Lodging = {
  readonly layout: PredictorLayout;
  /** Gives ports and folder back, once no process of the predictor is left. */
  release(): void;
};

export type Landlord = {
  readonly machine: Machine;
  readonly ports: Ports;
  /** A folder for the files of this run. */
  readonly scratch: string;
};

/** The ports that a predictor's containers declare themselves, and that cannot be moved. */
export const declaredPorts = ({ deployment, index }: Site): readonly number[] => {
  const predictor = deployment.spec.predictors[index];
  return predictor === undefined
    ? []
    : portNeeds(predictor).flatMap(({ http, grpc }) =>
        [http, grpc].filter((port) => port !== undefined),
      );
};

/** Finds room for a predictor; a declared port that something else uses is a fault. */
export const lodge = async (
  site: Site,
  { machine, ports, scratch }: Landlord,
): Promise<Result<Lodging>> => {
  const predictor = site.deployment.spec.predictors[site.index];
  const needs = predictor === undefined ? [] : portNeeds(predictor);
  const path = `spec.predictors[${site.index}]`;
  for (const need of needs) {
    const taken = await takenPort(need);
    if (taken !== undefined) {
      const message =
        `port ${taken}, which container "${need.container}" declares, is in use on this machine; ` +
        "free it, or leave the port out so that the container is given a free one";
      return failure([{ path, message }]);
    }
  }
  const given: number[] = [];
  const take = async (): Promise<number> => {
    const port = await ports.take();
    given.push(port);
    return port;
  };
  const places = new Map<string, ContainerPorts>();
  for (const { container, http, grpc } of needs) {
    places.set(container, {
      http: http ?? (await take()),
      grpc: grpc ?? (await take()),
      metrics: await take(),
    });
  }
  const folder = mkdtempSync(join(scratch, `${predictor?.name ?? ""}-`));
  const release = (): void => {
    given.forEach(ports.give);
    rmSync(folder, { recursive: true, force: true });
  };
  const engine = { http: await take(), grpc: await take() };
  const laid = layOut(site, { ports: places, engine, scratch: folder }, machine);
  if (laid.ok) return { ...laid, value: { layout: laid.value, release } };
  release();
  return laid;
};

const takenPort = async ({ http, grpc }: PortNeed): Promise<number | undefined> => {
  for (const port of [http, grpc]) {
    if (port !== undefined && !(await isFree(port))) return port;
  }
  return undefined;
};
