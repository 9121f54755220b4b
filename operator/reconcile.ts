/**
 * The heart of the operator. The key of a SeldonDeployment flows in; the cluster is made to be as
 * its manifest says, its status tells how far that has come, and an outcome flows out. Twice is the
 * same as once: the second pass writes nothing.
 *
 * Source: operator contract, 8.1; design 3.4, 5.2.
 */
import { parse } from "../api/parse.ts";
import type { Issue } from "../api/result.ts";
import type { Settings } from "../api/settings.ts";
import type { Deployment } from "../api/types.ts";
import type { Cluster, ClusterEvent } from "./cluster/cluster.ts";
import { dependsOnSettings, isOfServers } from "./depends.ts";
import type { Engine } from "./engine-basis.ts";
import { statusEvents } from "./events.ts";
import { readFacts } from "./facts.ts";
import { type Fault, faultOf, invalidSpec } from "./faults.ts";
import {
  decideRoutes,
  isAllReady,
  predictorStates,
  type RouteDecision,
  routedTo,
  routeKinds,
} from "./gates.ts";
import type { Write } from "./hand.ts";
import { conditionOf, textAt } from "./live.ts";
import { annotated, routedAnnotation } from "./marks.ts";
import type { Observation } from "./observation.ts";
import { type Key, type Outcome, whySkipped } from "./outcome.ts";
import { makePass, type Pass } from "./pass.ts";
import { staleOf, staleScaling } from "./prune.ts";
import type { Desired, Facts } from "./render/desired.ts";
import { given, type KubernetesObject } from "./render/object.ts";
import { render } from "./render/render.ts";
import { renderRoutes } from "./render/route/route.ts";
import { accountsOf } from "./render/server/accounts.ts";
import { bringServices, leaveFormerPorts } from "./services.ts";
import type { SettingsNow } from "./settings-source.ts";
import { isSameStatus, observe, reject, type Status } from "./status.ts";
import { bringDeployments, releasePods } from "./workloads.ts";

export type Surroundings = {
  readonly cluster: Cluster;
  readonly settings: () => SettingsNow;
  /** Deployments with another id in their label are somebody else's. */
  readonly controllerId: string;
  /** It looks at all namespaces, and their labels say which are somebody else's. */
  readonly isClusterWide: boolean;
  /** Renews engines as soon as the operator is newer. */
  readonly rollEngines: boolean;
  readonly now: () => Date;
  /** Called after each write, with the deployment that it was for. */
  readonly wrote: (about: KubernetesObject, write: Write) => void;
  readonly told: (event: ClusterEvent) => void;
};

/** A deployment with all that is wanted of the cluster for it. */
type Wanted = {
  readonly manifest: KubernetesObject;
  readonly deployment: Deployment;
  readonly desired: Desired;
  readonly settings: Settings;
  readonly warnings: readonly Issue[];
};

/** @throws {ClusterError} what another try may mend: CONFLICT, EXISTS, UNAVAILABLE. */
export const makeReconcile =
  (around: Surroundings) =>
  async ({ namespace, name }: Key): Promise<Outcome> => {
    const { cluster, controllerId } = around;
    const manifest = cluster.deployment(namespace, name);
    if (manifest === undefined) return { code: "GONE" };
    const space = cluster.namespace(namespace);
    // The watch of a new namespace may be behind that of what is in it.
    if (around.isClusterWide && space === undefined) return { code: "WAITING" };
    const skipped = whySkipped(manifest, space, controllerId);
    if (skipped !== undefined) return { code: skipped };

    const wanted = await want(manifest, around);
    if (!wanted.ok) return refuse(manifest, wanted.faults, around);

    const { seen, againMs } = await bringAbout(wanted.value, around);
    const status = observe(seen, { manifest, now: around.now() });
    await report(manifest, status, around);
    return { code: codeOf(seen, status), state: status.state, ...given({ againMs }) };
  };

type Finding<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Parses and renders it all, before anything is written. */
const want = async (manifest: KubernetesObject, around: Surroundings): Promise<Finding<Wanted>> => {
  const { settings, fault = "", isSound } = around.settings();
  const parsed = parse(manifest, settings);
  const unreadable: Fault = { reason: "SettingsUnreadable", message: fault };
  if (!parsed.ok) {
    const issues = isSound ? parsed.issues : parsed.issues.filter((one) => !isOfServers(one));
    const isUnsure = issues.length < parsed.issues.length;
    return { ok: false, faults: [...(isUnsure ? [unreadable] : []), ...invalidSpec(issues)] };
  }
  const deployment = parsed.value;
  if (!isSound && dependsOnSettings(deployment)) return { ok: false, faults: [unreadable] };
  const facts = await factsOf(accountsOf(deployment), deployment, around);
  if (!facts.ok) return facts;
  const rendered = render(deployment, settings, facts.value);
  const routes = renderRoutes(deployment, settings, () => true);
  const issues = [rendered, routes].flatMap((result) => (result.ok ? [] : result.issues));
  if (!rendered.ok || issues.length > 0) return { ok: false, faults: invalidSpec(issues) };
  const warnings = [...parsed.warnings, ...rendered.warnings, ...routes.warnings];
  return {
    ok: true,
    value: { manifest, deployment, desired: rendered.value, settings, warnings },
  };
};

const factsOf = async (
  accounts: readonly string[],
  { metadata }: Deployment,
  { cluster }: Surroundings,
): Promise<Finding<Facts>> => {
  try {
    return {
      ok: true,
      value: await readFacts(cluster, { namespace: metadata.namespace, accounts }),
    };
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined || fault.reason === "Unavailable") throw error;
    return { ok: false, faults: [fault] };
  }
};

const refuse = async (
  manifest: KubernetesObject,
  faults: readonly Fault[],
  around: Surroundings,
): Promise<Outcome> => {
  const status = reject(faults, { manifest, now: around.now() });
  await report(manifest, status, around);
  const isTerminal = faults.every(({ reason }) => reason === "InvalidSpec");
  return { code: isTerminal ? "REJECTED" : "FAULTY", state: status.state };
};

type BroughtAbout = {
  readonly seen: Observation;
  /** When another pass is due though nothing changes. */
  readonly againMs: number | undefined;
};

/** The order matters: pods find their Services, scalers let go, and routes follow what serves. */
const bringAbout = async (wanted: Wanted, around: Surroundings): Promise<BroughtAbout> => {
  const { manifest, deployment, desired } = wanted;
  const workloads = { deployment, wanted: desired.deployments };
  const pass = makePass(around.cluster, {
    uid: manifest.metadata.uid ?? "",
    isFirst: manifest["status"] === undefined,
    wrote: (write) => around.wrote(manifest, write),
  });
  let moved: Moved = { decision: { is: "wait", for: [] }, routes: [] };
  let engines: readonly Engine[] = [];
  const thrown: Fault[] = [];
  let againMs: number | undefined;
  try {
    await bringServices(desired, pass);
    for (const stale of staleScaling(pass.all(), desired)) await pass.prune(stale);
    for (const scaling of desired.scaling) await pass.bring(scaling);
    engines = await bringDeployments(workloads, pass, around.rollEngines);
    moved = await moveRoutes(wanted, pass);
    if (moved.decision.is === "lead" && (await releasePods(workloads, pass))) againMs = leavingMs;
    if (isOver(wanted, pass, moved)) {
      const isPruned = await prune(wanted, pass, moved);
      // Pods of what has just been deleted are behind Services for a moment still.
      if (!isPruned) againMs ??= await leaveFormerPorts(desired, pass, around.now());
    }
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    thrown.push(fault);
  }
  const { fault } = around.settings();
  const seen = {
    ...moved,
    ...desired,
    deployment,
    settings: wanted.settings,
    live: pass.all(),
    faults: [...pass.faults, ...thrown],
    leaving: pass.leaving,
    warnings: wanted.warnings,
    olderEngines: engines.flatMap(({ object, isKept }) => (isKept ? [object.metadata.name] : [])),
    settingsFault: dependsOnSettings(deployment) ? fault : undefined,
  };
  return { seen, againMs };
};

type Moved = {
  readonly decision: RouteDecision;
  readonly routes: readonly KubernetesObject[];
};

/** Leads traffic to what serves, unless that has to wait; see `gates.ts`. */
const moveRoutes = async (
  { deployment, desired, settings }: Wanted,
  pass: Pass,
): Promise<Moved> => {
  const live = pass.all();
  const routed = routedTo(live, deployment);
  const states = predictorStates(deployment, { deployments: desired.deployments, live });
  const decision: RouteDecision =
    routed !== undefined && isDisturbed(pass)
      ? { is: "wait", for: [] }
      : decideRoutes(states, routed);
  if (decision.is === "wait") {
    return { decision, routes: live.filter(({ kind }) => routeKinds.has(kind)) };
  }
  const rendered = renderRoutes(deployment, settings, ({ name }) => decision.to.has(name));
  const to = [...decision.to].sort().join(",");
  const routes = (rendered.ok ? rendered.value : []).map((route) =>
    annotated(route, { [routedAnnotation]: to }),
  );
  for (const route of routes.toSorted(byOrder)) await pass.bring(route);
  return { decision, routes };
};

/** What routes refer to comes before them. */
const byOrder = (a: KubernetesObject, b: KubernetesObject): number =>
  Number(!referredTo.has(a.kind)) - Number(!referredTo.has(b.kind));

const referredTo: ReadonlySet<string> = new Set(["DestinationRule", "TLSContext"]);

/** Whether Services or Deployments are not as they are wanted, and no readiness will tell. */
const isDisturbed = ({ faults, leaving }: Pass): boolean =>
  leaving.length > 0 ||
  faults.some(({ kind }) => kind === "Service" || kind === "Deployment" || kind === undefined);

/** Whether all that is wanted is there, is ready and has its traffic. */
const isOver = (
  { deployment, desired }: Wanted,
  pass: Pass,
  { decision, routes }: Moved,
): boolean =>
  decision.is === "lead" &&
  deployment.spec.predictors.every(({ name }) => decision.to.has(name)) &&
  routes.every((route) => pass.live(route) !== undefined) &&
  !isDisturbed(pass) &&
  isAllReady({ deployments: desired.deployments, live: pass.all() });

/** How long until we look again for pods that are on their way out. */
const leavingMs = 1_000;

/** Takes away what served until what is wanted was ready. Answers whether there was anything. */
const prune = async ({ desired }: Wanted, pass: Pass, { routes }: Moved): Promise<boolean> => {
  const stale = staleOf(pass.all(), desired, routes);
  for (const one of stale) await pass.prune(one);
  return stale.length > 0;
};

const report = async (
  manifest: KubernetesObject,
  status: Status,
  { cluster, told }: Surroundings,
): Promise<void> => {
  if (isSameStatus(status, manifest)) return;
  await cluster.report(manifest, status);
  for (const event of statusEvents(manifest, status)) told(event);
};

const codeOf = ({ faults, leaving }: Observation, status: Status): Outcome["code"] => {
  if (faults.some(({ reason }) => reason === "Unavailable")) return "UNAVAILABLE";
  if (faults.length > 0) return "FAULTY";
  if (leaving.length > 0) return "WAITING";
  return textAt(conditionOf({ status }, "Ready"), "status") === "True" ? "SETTLED" : "PROGRESSING";
};
