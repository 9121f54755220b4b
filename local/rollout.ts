/**
 * One deployment at work, from version to version.
 *
 * A new version starts beside the old one; the ingress moves over once all of it is ready, in one
 * step; then the old one ends, after its last request. Predictors that did not change stay as they
 * are. A version that does not become ready is taken down, and the old one serves on.
 */
import { isDeepStrictEqual } from "node:util";
import { settlesWithin } from "./clock.ts";
import type { StartFailure } from "./failure.ts";
import type { Landlord } from "./lodging.ts";
import { longestRequestMs } from "./longest-request.ts";
import type { Manifest } from "./manifests.ts";
import type { PredictorSurroundings } from "./predictor.ts";
import type { Route, RouteState } from "./routes.ts";
import { firstFailure, moveIn, moveOut, spread, type Tenant, wantedOf } from "./tenant.ts";

export type RolloutOptions = PredictorSurroundings &
  Landlord & {
    /** Hears what became of each version, unless a newer one came in between. */
    readonly onOutcome: (manifest: Manifest, outcome: Outcome) => void;
  };

export type Outcome =
  /** It serves; `started` are the predictors that were started for it, the others were there. */
  | { readonly is: "serving"; readonly started: readonly string[] }
  | { readonly is: "unchanged" }
  | { readonly is: "failed"; readonly failure: StartFailure; readonly oldServes: boolean };

export type Rollout = Route & {
  /** Moves to another version; the newest one asked for wins. */
  update(manifest: Manifest): void;
  /** Ends everything; resolves when no process is left. */
  stop(): Promise<void>;
};

/** What serves, what is coming, what is going. */
type House = {
  readonly options: RolloutOptions;
  tenants: readonly Tenant[];
  coming: readonly Tenant[];
  readonly going: Set<Promise<void>>;
  /** Undefined while nothing serves and something is coming. */
  state: RouteState | undefined;
  readonly end: AbortController;
};

export const startRollout = (first: Manifest, options: RolloutOptions): Rollout => {
  const { namespace, name } = first.deployment.metadata;
  const house: House = {
    options,
    tenants: [],
    coming: [],
    going: new Set(),
    state: undefined,
    end: new AbortController(),
  };
  let attempt = new AbortController();
  let work: Promise<void> = Promise.resolve();

  const update = (manifest: Manifest): void => {
    attempt.abort();
    attempt = new AbortController();
    const { signal } = attempt;
    work = work.then(async () => {
      if (signal.aborted) return;
      const outcome = await roll(manifest, house, signal).catch((thrown) => undo(thrown, house));
      if (outcome !== undefined) options.onOutcome(manifest, outcome);
    });
  };

  update(first);
  return {
    namespace,
    name,
    state: () => house.state ?? { is: "starting", waitingFor: waitingFor(house) },
    update,
    stop: async () => {
      house.end.abort();
      attempt.abort();
      await work;
      await Promise.all([...house.tenants.map(moveOut), ...house.going]);
    },
  };
};

const waitingFor = ({ coming }: House): readonly string[] => {
  const waits = coming.flatMap(({ running }) => running.waitingFor());
  return waits.length === 0 ? ["its processes to start"] : waits;
};

/** Moves the house to a version; undefined if `signal` ended first. */
const roll = async (
  manifest: Manifest,
  house: House,
  signal: AbortSignal,
): Promise<Outcome | undefined> => {
  const wanted = wantedOf(manifest, house.options);
  const fits = (tenant: Tenant): boolean =>
    wanted.some((one) => one.name === tenant.name && one.fingerprint === tenant.fingerprint);
  const kept = house.tenants.filter(fits);
  const leaving = house.tenants.filter((tenant) => !fits(tenant));
  const fresh = wanted.filter(({ name }) => !kept.some((tenant) => tenant.name === name));

  const needed = new Set(fresh.flatMap(({ declaredPorts }) => declaredPorts));
  if (leaving.some(({ declaredPorts }) => declaredPorts.some((port) => needed.has(port)))) {
    await makeRoom(house, leaving);
  }
  if (house.tenants.length === 0) house.state = undefined;

  const failure = await bringIn(fresh, house, signal);
  const arrived = house.coming;
  house.coming = [];
  if (signal.aborted || failure !== undefined) {
    await Promise.all(arrived.map(moveOut));
    return signal.aborted || failure === undefined ? undefined : giveUp(failure, house);
  }
  const before = house.state;
  house.tenants = [...kept, ...arrived];
  house.state = spread(manifest.deployment.spec.predictors, house.tenants);
  for (const tenant of leaving) retire(tenant, house);
  const isNews = fresh.length > 0 || !isDeepStrictEqual(before, house.state);
  return isNews ? { is: "serving", started: fresh.map(({ name }) => name) } : { is: "unchanged" };
};

/** A version whose ports the old one holds cannot start beside it: the old one ends first. */
const makeRoom = async (house: House, leaving: readonly Tenant[]): Promise<void> => {
  const names = leaving.map(({ site, name }) => `${site.deployment.metadata.name}/${name}`);
  house.options.note(
    `${names.join(", ")} stops before its new version starts, because both declare the same port; ` +
      "leave out ports[].name: http to have them change places without a pause",
  );
  house.state = undefined;
  house.tenants = house.tenants.filter((tenant) => !leaving.includes(tenant));
  for (const tenant of leaving) retire(tenant, house);
  await Promise.all(house.going);
};

/** Starts predictors, which show in `house.coming`; resolves when all are ready, or with a failure. */
const bringIn = async (
  fresh: Parameters<typeof moveIn>[0][],
  house: House,
  signal: AbortSignal,
): Promise<StartFailure | undefined> => {
  for (const wanted of fresh) {
    if (signal.aborted) return undefined;
    const tenant = await moveIn(wanted, house.options);
    if ("reason" in tenant) return tenant;
    house.coming = [...house.coming, tenant];
  }
  return firstFailure(house.coming, signal);
};

/** A defect, or a machine that has run out of something: the version is given up like any other. */
const undo = async (thrown: unknown, house: House): Promise<Outcome> => {
  const arrived = house.coming;
  house.coming = [];
  await Promise.all(arrived.map(moveOut));
  return giveUp(
    { reason: thrown instanceof Error ? thrown.message : String(thrown), tail: [] },
    house,
  );
};

const giveUp = (failure: StartFailure, house: House): Outcome => {
  const oldServes = house.state?.is === "ready";
  if (!oldServes) {
    house.state = { is: "failed", reason: failure.reason };
    for (const tenant of house.tenants) retire(tenant, house);
    house.tenants = [];
  }
  return { is: "failed", failure, oldServes };
};

/** Ends a predictor that gets no more requests, once it has answered its last. */
const retire = (tenant: Tenant, house: House): void => {
  const { options, going, end } = house;
  const cutShort = new Promise<void>((resolve) => {
    if (end.signal.aborted) resolve();
    else end.signal.addEventListener("abort", () => resolve());
  });
  const idle = Promise.race([tenant.running.upstream.idle(), cutShort]);
  const gone = settlesWithin(options.clock, longestRequestMs(tenant.site), idle)
    .then(() => moveOut(tenant))
    .finally(() => going.delete(gone));
  going.add(gone);
};
