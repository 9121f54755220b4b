/**
 * The conditions of a deployment: v1's, in v1's words, and three of our own: Ready, the honest
 * summary, Progressing, and what else a person should know.
 *
 * Source: operator contract, 8.3; design 5.2.8; deviation O9.
 */
import type { Settings } from "../api/settings.ts";
import { type Claim, claim, sentences, unfound } from "./claim.ts";
import type { Fault } from "./faults.ts";
import { conditionOf, hasFailed, isReady, isStuck, textAt } from "./live.ts";
import { finder, type Observation } from "./observation.ts";
import { type KubernetesObject, nameOf, refOf } from "./render/object.ts";
import { gatewayClaims, unreadyRoutes } from "./route-claims.ts";

/** Types that a pass writes; others in a status are somebody else's and stay. */
export const conditionTypes: readonly string[] = [
  "AmbassadorMappingsReady",
  "DeploymentsReady",
  "EngineUpToDate",
  "GatewayRoutesReady",
  "HpasReady",
  "KedaReady",
  "PdbsReady",
  "Progressing",
  "Ready",
  "ServicesReady",
  "SettingsUpToDate",
  "SpecWarnings",
  "istioVirtualServicesReady",
];

export const claimsOf = (seen: Observation): readonly Claim[] => {
  const ready = readyClaim(seen);
  return [
    ready,
    progressingClaim(seen, ready),
    deploymentsClaim(seen),
    servicesClaim(seen),
    ...kindClaims.map((words) => kindClaim(seen, words)),
    ...gatewayClaims(seen),
    ...engineClaims(seen),
    ...noteClaims(seen),
  ];
};

/** What a deployment that cannot be rendered is said to be: nothing of it is looked at. */
export const rejectedClaims = (faults: readonly Fault[]): readonly Claim[] => [
  faultClaim(faults),
  { ...faultClaim(faults), type: "Progressing" },
];

const faultClaim = (faults: readonly Fault[]): Claim => ({
  type: "Ready",
  status: "False",
  reason: faults[0]?.reason ?? "",
  message: sentences(faults.map(({ message }) => message)),
});

/** The first of these that is not as it should be is the reason. */
const readyClaim = (seen: Observation): Claim => {
  if (seen.faults.length > 0) return faultClaim(seen.faults);
  if (seen.leaving.length > 0) {
    const names = seen.leaving.map(nameOf).sort().join(", ");
    return claim("Ready", "False", "NameNotFree", `waits until ${names} of before is gone`);
  }
  const missing = unfound(seen.services, seen);
  if (missing.length > 0) {
    return claim("Ready", "False", "ServicesNotReady", `waits for ${missing.join(", ")}`);
  }
  const stuck = unready(seen).filter(({ live }) => live !== undefined && isStuck(live));
  if (stuck.length > 0) {
    return claim("Ready", "False", "RolloutStuck", `new pods fail in ${namesOf(stuck)}`);
  }
  const waiting = unready(seen);
  if (waiting.length > 0) {
    return claim("Ready", "False", "WorkloadsNotReady", `waits for ${namesOf(waiting)}`);
  }
  const routes = unreadyRoutes(seen);
  return routes === undefined
    ? claim("Ready", "True", "Ready", "")
    : claim("Ready", "False", "RoutesNotReady", routes);
};

const progressingClaim = (seen: Observation, ready: Claim): Claim => {
  if (ready.status === "True") return claim("Progressing", "False", "Settled");
  const isOver = seen.faults.length > 0 || ready.reason === "RolloutStuck";
  return isOver
    ? { ...ready, type: "Progressing", status: "False" }
    : claim("Progressing", "True", "RollingOut", ready.message);
};

type Unready = { readonly name: string; readonly live: KubernetesObject | undefined };

const unready = ({ deployments, live }: Observation): readonly Unready[] => {
  const find = finder(live);
  return deployments
    .map(({ object }) => ({ name: nameOf(refOf(object)), live: find(object) }))
    .filter((one) => one.live === undefined || !isReady(one.live));
};

const namesOf = (list: readonly Unready[]): string =>
  list
    .map(({ name }) => name)
    .sort()
    .join(", ");

/** v1 copies the Available condition of the first Deployment that is not ready, else the latest. */
const deploymentsClaim = (seen: Observation): Claim => {
  const find = finder(seen.live);
  const found = seen.deployments.map(({ object }) => find(object));
  const waiting = found.filter((live) => live === undefined || !isReady(live));
  const available =
    waiting.length === 0
      ? latest(found.map((live) => conditionOf(live, "Available")))
      : conditionOf(waiting[0], "Available");
  const status = textAt(available, "status");
  return {
    type: "DeploymentsReady",
    status: status === "True" || status === "Unknown" ? status : "False",
    reason: textAt(available, "reason") || "MinimumReplicasUnavailable",
    message: textAt(available, "message"),
  };
};

const latest = (conditions: readonly unknown[]): unknown =>
  conditions.reduce((newest, one) =>
    textAt(one, "lastTransitionTime") > textAt(newest, "lastTransitionTime") ? one : newest,
  );

type Words = {
  readonly type: string;
  readonly kinds: readonly string[];
  /** Whether there will be some: to wait for while there are none. Absent: what is wanted is known. */
  readonly isOn?: (settings: Settings) => boolean;
  readonly none: string;
  readonly ok: string;
  readonly not: string;
};

const services: Words = {
  type: "ServicesReady",
  kinds: ["Service"],
  none: "All services created",
  ok: "All services created",
  not: "Not all services created",
};

/** Word for word v1's. Source: operator contract, 8.3. */
const kindClaims: readonly Words[] = [
  {
    type: "HpasReady",
    kinds: ["HorizontalPodAutoscaler"],
    none: "No HPAs defined",
    ok: "All HPAs resources ready",
    not: "HPAs not ready",
  },
  {
    type: "KedaReady",
    kinds: ["ScaledObject"],
    none: "No KEDA resources defined",
    ok: "All KEDA resources ready",
    not: "KEDA resources not ready",
  },
  {
    type: "PdbsReady",
    kinds: ["PodDisruptionBudget"],
    none: "No PDBs defined",
    ok: "All PDBs resources ready",
    not: "PDBs not ready",
  },
  {
    type: "istioVirtualServicesReady",
    kinds: ["VirtualService", "DestinationRule"],
    isOn: ({ istioEnabled }) => istioEnabled,
    none: "No VirtualServices defined",
    ok: "All VirtualServices created",
    not: "Not all VirtualServices created",
  },
  {
    type: "AmbassadorMappingsReady",
    kinds: ["Mapping", "TLSContext"],
    isOn: ({ ambassadorEnabled, ambassadorVersion }) =>
      ambassadorEnabled && ambassadorVersion === "v2",
    none: "No Ambassador Mappaings defined",
    ok: "All Ambassador Mappings created",
    not: "Not all Ambassador Mappings created",
  },
];

const kindClaim = (seen: Observation, words: Words): Claim => {
  const wanted = [...seen.services, ...seen.scaling, ...seen.routes].filter(({ kind }) =>
    words.kinds.includes(kind),
  );
  const faults = seen.faults.filter(({ kind = "" }) => words.kinds.includes(kind));
  const isAwaited = wanted.length === 0 && (words.isOn?.(seen.settings) ?? false);
  const isOk = !isAwaited && faults.length === 0 && unfound(wanted, seen).length === 0;
  const message = sentences(faults.map((fault) => fault.message));
  const { type } = words;
  if (!isOk) return { type, status: "False", reason: words.not, message };
  return { type, status: "True", reason: wanted.length === 0 ? words.none : words.ok, message };
};

const servicesClaim = (seen: Observation): Claim => kindClaim(seen, services);

const engineClaims = ({ olderEngines }: Observation): readonly Claim[] => [
  olderEngines.length === 0
    ? claim("EngineUpToDate", "True", "NewestEngine")
    : claim(
        "EngineUpToDate",
        "False",
        "NewerEngineAvailable",
        `an older engine runs in ${[...olderEngines].sort().join(", ")}`,
      ),
];

/** Said only where there is something to say. */
const noteClaims = ({ warnings, settingsFault }: Observation): readonly Claim[] => [
  ...(warnings.length === 0
    ? []
    : [
        claim(
          "SpecWarnings",
          "True",
          "FieldsIgnored",
          sentences(warnings.map(({ path, message }) => `${path}: ${message}`)),
        ),
      ]),
  ...(settingsFault === undefined
    ? []
    : [claim("SettingsUpToDate", "False", "MalformedSettings", settingsFault)]),
];

/** A Deployment that neither serves nor progresses; judged on the first unready one, as v1 does. */
export const failedDeployment = (seen: Observation): string | undefined => {
  const [first] = unready(seen);
  return first?.live !== undefined && hasFailed(first.live) ? first.name : undefined;
};
