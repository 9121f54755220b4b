/** A cluster in memory with the operator's reconciler in it, and people who change things. */
import { defaultSettings, type Settings } from "../../api/settings.ts";
import type { ClusterEvent } from "../../operator/cluster/cluster.ts";
import { type Memory, makeMemory } from "../../operator/cluster/memory.ts";
import { writeEvent } from "../../operator/events.ts";
import type { Write } from "../../operator/hand.ts";
import { listAt, numberAt, textAt, valueAt } from "../../operator/live.ts";
import type { Outcome } from "../../operator/outcome.ts";
import { makeReconcile, type Surroundings } from "../../operator/reconcile.ts";
import { type KubernetesObject, nameOf, type Ref, refOf } from "../../operator/render/object.ts";
import type { SettingsNow } from "../../operator/settings-source.ts";

export const at: Ref = {
  apiVersion: "machinelearning.seldon.io/v1",
  kind: "SeldonDeployment",
  namespace: "ns1",
  name: "mymodel",
};
export const key = { namespace: "ns1", name: "mymodel" };

export const component = (container = "model", more: object = {}): object => ({
  spec: { containers: [{ name: container, image: "I:1" }] },
  ...more,
});

export const predictor = (name = "default", more: object = {}): object => ({
  name,
  replicas: 1,
  graph: { name: "model" },
  componentSpecs: [component()],
  ...more,
});

/** `mymodel` in `ns1` with these predictors. */
export const manifest = (
  predictors: readonly object[] = [predictor()],
  spec: object = {},
): KubernetesObject => ({
  apiVersion: at.apiVersion,
  kind: at.kind,
  metadata: { name: at.name, namespace: at.namespace },
  spec: { ...spec, predictors },
});

export const deploymentRef = (name: string): Ref => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace: "ns1",
  name,
});

export type World = {
  readonly cluster: Memory;
  readonly writes: readonly Write[];
  readonly events: readonly ClusterEvent[];
  /** A user applies a manifest. */
  apply(object: KubernetesObject): void;
  pass(): Promise<Outcome>;
  /** Passes until one writes nothing; answers what that one came to. */
  settle(): Promise<Outcome>;
  /** All pods of all Deployments become ready. */
  ready(): void;
  /** `Service mymodel-default` for each object that the deployment owns, sorted. */
  owned(): readonly string[];
  status(): unknown;
  /** `Ready=False WorkloadsNotReady` */
  condition(type: string): string;
  change(
    surroundings: Partial<Pick<Surroundings, "controllerId" | "isClusterWide" | "rollEngines">>,
  ): void;
  set(settings: Partial<Settings>, faulty?: Partial<SettingsNow>): void;
  /** Time passes. */
  wait(ms: number): void;
};

export const makeWorld = (settings: Partial<Settings> = {}): World => {
  const cluster = makeMemory();
  const writes: Write[] = [];
  const events: ClusterEvent[] = [];
  let nowMs = Date.UTC(2026, 0, 1);
  let now: SettingsNow = {
    settings: { ...defaultSettings, ...settings },
    fault: undefined,
    isSound: true,
  };
  let more: Partial<Surroundings> = {};
  const pass = (): Promise<Outcome> =>
    makeReconcile({
      cluster,
      settings: () => now,
      controllerId: "",
      isClusterWide: false,
      rollEngines: false,
      now: () => new Date(nowMs),
      wrote: (about, write) => {
        writes.push(write);
        events.push(writeEvent(about, write));
      },
      told: (event) => {
        events.push(event);
      },
      ...more,
    })(key);
  const status = (): unknown => cluster.get(at)?.["status"];
  return {
    cluster,
    writes,
    events,
    apply: (object) => {
      const before = cluster.get(at);
      const kept = before?.["status"];
      cluster.put({
        ...object,
        ...(before === undefined
          ? {}
          : { metadata: { ...before.metadata, ...object.metadata }, status: kept }),
      });
    },
    pass,
    settle: async () => {
      for (let passes = 0; passes < 20; passes++) {
        const before = countWrites(cluster);
        const outcome = await pass();
        if (countWrites(cluster) === before) return outcome;
      }
      throw new Error("it writes on and on");
    },
    ready: () => {
      for (const object of cluster.all()) {
        if (object.kind === "Deployment") cluster.settle(refOf(object));
      }
    },
    owned: () =>
      cluster
        .owned(cluster.get(at)?.metadata.uid ?? "")
        .map((object) => nameOf(refOf(object)).replace(" ns1/", " "))
        .sort(),
    status,
    condition: (type) => {
      const conditions = valueAt(status(), "conditions");
      const found: unknown = Array.isArray(conditions)
        ? conditions.find((one) => textAt(one, "type") === type)
        : undefined;
      return found === undefined
        ? `${type} is not there`
        : `${type}=${textAt(found, "status")} ${textAt(found, "reason")}`;
    },
    change: (surroundings) => {
      more = surroundings;
    },
    set: (some, faulty) => {
      now = { ...now, ...faulty, settings: { ...now.settings, ...some } };
    },
    wait: (ms) => {
      nowMs += ms;
    },
  };
};

const reading: ReadonlySet<string> = new Set(["read", "list"]);

/** The requests so far that change anything. */
export const countWrites = ({ requests }: Memory): number =>
  requests.filter(({ verb }) => !reading.has(verb)).length;

/** A world in which this is settled. */
export const settled = async (
  object = manifest(),
  settings: Partial<Settings> = {},
): Promise<World> => {
  const world = makeWorld(settings);
  world.apply(object);
  await world.pass();
  world.ready();
  await world.settle();
  return world;
};

/** The Services that the VirtualService leads to, with their weights. */
export const destinations = ({ cluster }: World): readonly (readonly [string, number])[] => {
  const route = cluster.all().find(({ kind }) => kind === "VirtualService");
  const [first] = listAt(route, "spec", "http");
  return listAt(first, "route").map((one) => [
    textAt(one, "destination", "host").split(".")[0] ?? "",
    numberAt(one, "weight"),
  ]);
};
