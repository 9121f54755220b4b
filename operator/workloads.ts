/** The Deployments of a deployment: brought about so that somebody serves at every moment. */
import type { Deployment } from "../api/types.ts";
import { unchangeable } from "./difference.ts";
import { type Engine, withEngine } from "./engine-basis.ts";
import { isAllReady } from "./gates.ts";
import type { Pass } from "./pass.ts";
import type { DesiredDeployment } from "./render/desired.ts";

export type Workloads = {
  readonly deployment: Deployment;
  readonly wanted: readonly DesiredDeployment[];
};

/** Answers the Deployments with the engines that they are to run. */
export const bringDeployments = async (
  { deployment, wanted }: Workloads,
  pass: Pass,
  rollEngines: boolean,
): Promise<readonly Engine[]> => {
  const engines: Engine[] = [];
  for (const one of wanted) {
    const { object, predictor } = one;
    const live = rollEngines ? undefined : pass.live(object);
    const engine = withEngine(object, live, { deployment, predictor });
    engines.push(engine);
    if (!isHeldBack(one, wanted, pass)) await pass.bring(engine.object);
  }
  return engines;
};

/**
 * Whether a Deployment of another selector has to wait: its pods take requests in, and the pod of
 * the engine that is to do so is not ready. The new Deployment would take them on, and remove them
 * as soon as pods of its own are ready. Source: Kubernetes, Deployment controller (adoption).
 */
const isHeldBack = (
  { object, predictor, role }: DesiredDeployment,
  wanted: readonly DesiredDeployment[],
  pass: Pass,
): boolean => {
  const live = pass.live(object);
  if (live === undefined || role !== "component") return false;
  const engines = wanted.filter((one) => one.predictor === predictor && one.role === "engine");
  return (
    unchangeable(live, object) !== undefined &&
    !isAllReady({ deployments: engines, live: pass.all() })
  );
};

/**
 * Takes away the pods that served until a Deployment of another selector was ready. What they did
 * may be done by two Deployments now, so all of the predictor have to be. Answers whether some of
 * those pods are there still; nobody tells us when they have gone.
 */
export const releasePods = async ({ wanted }: Workloads, pass: Pass): Promise<boolean> => {
  const live = pass.all();
  let isAnyLeft = false;
  for (const { object, predictor, role } of wanted) {
    const own = wanted.filter(
      (one) => one.predictor === predictor && (one.role === "explainer") === (role === "explainer"),
    );
    if (!isAllReady({ deployments: own, live })) continue;
    if (await pass.release(object)) isAnyLeft = true;
  }
  return isAnyLeft;
};
