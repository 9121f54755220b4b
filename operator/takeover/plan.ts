/**
 * What will become of a deployment that v1 has made when Espalier takes it over: what a pass of the
 * operator would do, from the same rendering, with nothing done.
 *
 * What flows in: a survey of the cluster and the settings. What flows out: a plan in plain data.
 */
import { parse } from "../../api/parse.ts";
import type { Issue } from "../../api/result.ts";
import type { Settings } from "../../api/settings.ts";
import type { Deployment } from "../../api/types.ts";
import { idOf } from "../cluster/kinds.ts";
import { controllerOf } from "../cluster/owner.ts";
import { withEngine } from "../engine-basis.ts";
import { type Fault, faultOf, invalidSpec, kindMissing, nameTaken } from "../faults.ts";
import { withFormerPorts } from "../former-ports.ts";
import { routeKinds } from "../gates.ts";
import { whySkipped } from "../outcome.ts";
import { staleOf } from "../prune.ts";
import type { Desired } from "../render/desired.ts";
import { type KubernetesObject, keyOf, refOf } from "../render/object.ts";
import { render } from "../render/render.ts";
import { renderRoutes } from "../render/route/route.ts";
import { accountsOf } from "../render/server/accounts.ts";
import { standingOf } from "../standing.ts";
import { type Change, changeOf, creation, removal } from "./changes.ts";
import { type Difference, differencesFrom } from "./differences.ts";
import type { Survey } from "./survey.ts";

export type DeploymentPlan = {
  readonly namespace: string;
  readonly name: string;
  /**
   * `takeover`: it becomes Espalier's. `blocked`: it stays as it is, and running, until its faults
   * are mended. `skipped`: it is another operator's, or being deleted.
   */
  readonly verdict: "takeover" | "blocked" | "skipped";
  readonly faults: readonly Fault[];
  readonly warnings: readonly Issue[];
  readonly differences: readonly Difference[];
  /** Services, scaling and Deployments; empty where nothing live was looked at. */
  readonly objects: readonly Change[];
  /** By which traffic finds predictors. */
  readonly routes: readonly Change[];
};

export type Context = {
  readonly survey: Survey;
  readonly settings: Settings;
  readonly controllerId: string;
};

export const planTakeover = async (
  manifest: KubernetesObject,
  context: Context,
): Promise<DeploymentPlan> => {
  const { name, namespace = "default" } = manifest.metadata;
  const nothing = { faults: [], warnings: [], differences: [], objects: [], routes: [] };
  const { survey, controllerId } = context;
  const space = survey.objects.find(
    ({ kind, metadata }) => kind === "Namespace" && metadata.name === namespace,
  );
  if (whySkipped(manifest, space, controllerId) !== undefined) {
    return { namespace, name, verdict: "skipped", ...nothing };
  }
  const wanted = await want(manifest, context);
  if (wanted.faults.length > 0 || wanted.parts === undefined) {
    const { faults, warnings } = wanted;
    return { namespace, name, verdict: "blocked", ...nothing, faults, warnings };
  }
  const { deployment, objects, routes } = wanted.parts;
  const changes = [...objects, ...routes];
  const isBlocked = changes.some(({ action }) => action === "taken");
  const faults = changes
    .filter(({ action }) => action === "taken")
    .map(({ kind, name: taken, why = "" }) =>
      nameTaken({ apiVersion: "", kind, namespace, name: taken }, why),
    );
  return {
    ...{ namespace, name, verdict: isBlocked ? "blocked" : "takeover", faults },
    ...{ warnings: wanted.warnings, differences: differencesFrom(deployment), objects, routes },
  };
};

type Parts = Pick<DeploymentPlan, "objects" | "routes"> & { readonly deployment: Deployment };

type Wanted = {
  readonly faults: readonly Fault[];
  readonly warnings: readonly Issue[];
  readonly parts?: Parts;
};

const want = async (manifest: KubernetesObject, context: Context): Promise<Wanted> => {
  const { settings, survey } = context;
  const parsed = parse(manifest, settings);
  if (!parsed.ok) return { faults: invalidSpec(parsed.issues), warnings: parsed.warnings };
  const deployment = parsed.value;
  const facts = await factsOf(deployment, survey);
  if (!("accounts" in facts)) return { faults: [facts], warnings: parsed.warnings };
  const rendered = render(deployment, settings, facts);
  const routes = renderRoutes(deployment, settings, () => true);
  const warnings = [...parsed.warnings, ...rendered.warnings, ...routes.warnings];
  if (!rendered.ok || !routes.ok) {
    const issues = [rendered, routes].flatMap((result) => (result.ok ? [] : result.issues));
    return { faults: invalidSpec(issues), warnings };
  }
  const desired = rendered.value;
  const all = [...desired.scaling, ...routes.value];
  const missing = all.filter((one) => survey.served?.has(idOf(one)) === false);
  return {
    faults: missing.map(kindMissing),
    warnings,
    parts: {
      deployment,
      ...changesOf({ manifest, deployment, desired, routes: routes.value }, survey),
    },
  };
};

const factsOf = async (deployment: Deployment, survey: Survey) => {
  try {
    return await survey.factsOf(deployment.metadata.namespace, accountsOf(deployment));
  } catch (error) {
    const fault = faultOf(error);
    if (fault?.reason !== "Forbidden") throw error;
    return fault;
  }
};

type Rendered = {
  readonly manifest: KubernetesObject;
  readonly deployment: Deployment;
  readonly desired: Desired;
  readonly routes: readonly KubernetesObject[];
};

const changesOf = (
  { manifest, deployment, desired, routes }: Rendered,
  { objects }: Survey,
): Pick<Parts, "objects" | "routes"> => {
  if (!objects.some(({ kind }) => kind === "Deployment")) return { objects: [], routes: [] };
  const uid = manifest.metadata.uid ?? "";
  const byKey = new Map(objects.map((one) => [keyOf(refOf(one)), one]));
  const find = (one: KubernetesObject) => byKey.get(keyOf(refOf(one)));
  const owned = objects.filter((one) => uid !== "" && controllerOf(one)?.uid === uid);
  const pods = {
    wanted: desired.deployments.map(({ object }) => object),
    live: owned.filter(({ kind }) => kind === "Deployment"),
  };
  const whole = [
    ...desired.services.map((one) => withFormerPorts(one, find(one), pods)),
    ...desired.scaling,
    ...desired.deployments.map(
      ({ object, predictor }) => withEngine(object, find(object), { deployment, predictor }).object,
    ),
    ...routes,
  ];
  const changes = whole.map((one) => {
    const live = find(one);
    return live === undefined ? creation(one) : changeOf(live, one, standingOf(live, one, uid));
  });
  const all = [...changes, ...staleOf(owned, desired, routes).map(removal)];
  const isRoute = ({ kind }: Change): boolean => routeKinds.has(kind);
  return { objects: all.filter((one) => !isRoute(one)), routes: all.filter(isRoute) };
};
