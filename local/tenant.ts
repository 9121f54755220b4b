/** A predictor that has moved in: its processes, its ports, and what it was made of. */
import type { Predictor } from "../api/types.ts";
import type { StartFailure } from "./failure.ts";
import { declaredPorts, type Landlord, type Lodging, lodge } from "./lodging.ts";
import type { Manifest } from "./manifests.ts";
import { type PredictorSurroundings, type RunningPredictor, startPredictor } from "./predictor.ts";
import type { RouteState, Target } from "./routes.ts";
import type { Site } from "./site.ts";
import { fingerprint } from "./sketch.ts";

/** A predictor of a manifest, before it has moved in. */
export type Wanted = {
  readonly name: string;
  readonly site: Site;
  /** Equal to that of a tenant whose processes will do. */
  readonly fingerprint: string;
  readonly declaredPorts: readonly number[];
};

export type Tenant = Wanted & { readonly running: RunningPredictor; readonly lodging: Lodging };

export const wantedOf = ({ deployment, folder }: Manifest, landlord: Landlord): readonly Wanted[] =>
  deployment.spec.predictors.map(({ name }, index) => {
    const site = { deployment, index, folder };
    return {
      name,
      site,
      fingerprint: fingerprint(site, landlord.machine),
      declaredPorts: declaredPorts(site),
    };
  });

/** Starts a predictor; it is ready when `running.started` says so. */
export const moveIn = async (
  wanted: Wanted,
  options: PredictorSurroundings & Landlord,
): Promise<Tenant | StartFailure> => {
  const found = await lodge(wanted.site, options);
  if (found.ok) {
    return {
      ...wanted,
      lodging: found.value,
      running: startPredictor(found.value.layout, options),
    };
  }
  const reason = found.issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return { reason, tail: [] };
};

export const moveOut = async ({ running, lodging }: Tenant): Promise<void> => {
  await running.stop();
  lodging.release();
};

/** Resolves with the first failure, or with nothing once all are ready or `signal` ends. */
export const firstFailure = (
  tenants: readonly Tenant[],
  signal: AbortSignal,
): Promise<StartFailure | undefined> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined));
    const all = tenants.map(async ({ running }) => {
      const failure = await running.started;
      if (failure !== undefined) resolve(failure);
    });
    void Promise.all(all).then(() => resolve(undefined));
  });

/** How the requests of a deployment are spread over those who live there. */
export const spread = (
  predictors: readonly Predictor[],
  tenants: readonly Tenant[],
): RouteState => {
  const targets = predictors.flatMap((predictor): (Target & { readonly shadow: boolean })[] => {
    const running = tenants.find(({ name }) => name === predictor.name)?.running;
    return running === undefined
      ? []
      : [
          {
            predictor: predictor.name,
            weightPercent: predictor.traffic ?? 0,
            upstream: running.upstream,
            unavailable: running.unavailable,
            shadow: predictor.shadow ?? false,
          },
        ];
  });
  return {
    is: "ready",
    targets: targets.filter(({ shadow }) => !shadow),
    shadow: targets.find(({ shadow }) => shadow),
  };
};
