/** Changes of what runs: who serves when, and what goes when. Source: operator contract, 8.4. */
import { describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../api/settings.ts";
import { listAt, numberAt, textAt, valueAt } from "../../operator/live.ts";
import { type KubernetesObject, refOf } from "../../operator/render/object.ts";
import {
  component,
  countWrites,
  deploymentRef,
  destinations,
  makeWorld,
  manifest,
  predictor,
  settled,
  type World,
} from "./world.ts";

const routes = { istioEnabled: true };
const main = deploymentRef("mymodel-main-0-model");
const canary = deploymentRef("mymodel-canary-0-model");
const one = () => manifest([predictor("main")]);
const two = (mainTraffic: number) =>
  manifest([
    predictor("main", { traffic: mainTraffic }),
    predictor("canary", { traffic: 100 - mainTraffic }),
  ]);

describe("a canary", () => {
  it("gets traffic when it serves, and goes when it is taken away", async () => {
    const world = await settled(one(), routes);
    expect(destinations(world)).toEqual([["mymodel-main", 0]]);

    world.apply(two(80));
    await world.settle();
    expect(destinations(world)).toEqual([["mymodel-main", 100]]);
    expect(world.condition("Ready")).toBe("Ready=False WorkloadsNotReady");
    world.cluster.settle(canary);
    await world.settle();
    expect(destinations(world)).toEqual([
      ["mymodel-main", 80],
      ["mymodel-canary", 20],
    ]);
    expect(world.condition("Ready")).toBe("Ready=True Ready");

    world.apply(one());
    await world.settle();
    expect(destinations(world)).toEqual([["mymodel-main", 0]]);
    expect(world.cluster.get(canary)).toBeUndefined();
    expect(world.owned()).toEqual([
      "Deployment mymodel-main-0-model",
      "DestinationRule mymodel-main",
      "Service mymodel-main",
      "Service mymodel-main-model",
      "VirtualService mymodel",
    ]);
  });

  it("is led to, and then the other goes, when it is promoted", async () => {
    const world = await settled(two(50), routes);
    world.apply(manifest([predictor("canary")]));
    await world.settle();
    // Its ports follow from its place among the predictors, so it rolls out once.
    expect(destinations(world)).toHaveLength(2);
    world.ready();
    await world.settle();
    expect(destinations(world)).toEqual([["mymodel-canary", 0]]);
    expect(world.cluster.get(main)).toBeUndefined();
    const [routed, removed] = ["VirtualService", "Deployment"].map((kind) =>
      world.writes.findLastIndex(({ ref }) => ref.kind === kind),
    );
    expect(routed).toBeLessThan(removed ?? -1);
  });

  it("keeps its traffic, and no more, when its pods fail", async () => {
    const world = await settled(two(80), routes);
    world.cluster.settle(main, 0);
    await world.settle();
    expect(destinations(world)).toEqual([
      ["mymodel-main", 80],
      ["mymodel-canary", 20],
    ]);
    expect(world.condition("Ready")).toBe("Ready=False WorkloadsNotReady");
    // People move traffic away from what has failed, and that must work.
    world.apply(two(10));
    await world.settle();
    expect(destinations(world)).toEqual([
      ["mymodel-main", 10],
      ["mymodel-canary", 90],
    ]);
  });

  it("gets its new share when it has rolled out", async () => {
    const world = await settled(two(80), routes);
    const changed = {
      traffic: 50,
      componentSpecs: [{ spec: { containers: [{ name: "model", image: "I:2" }] } }],
    };
    world.apply(manifest([predictor("main", { traffic: 50 }), predictor("canary", changed)]));
    await world.settle();
    expect(destinations(world)).toEqual([
      ["mymodel-main", 80],
      ["mymodel-canary", 20],
    ]);
    world.ready();
    await world.settle();
    expect(destinations(world)).toEqual([
      ["mymodel-main", 50],
      ["mymodel-canary", 50],
    ]);
  });

  it("that is stuck keeps no other from its routes, and nothing is taken away", async () => {
    const world = await settled(two(80), routes);
    world.apply(two(30));
    const live = world.cluster.get(canary);
    world.cluster.setStatus(canary, {
      observedGeneration: live?.metadata.generation,
      replicas: 1,
      updatedReplicas: 0,
      conditions: [
        { type: "Available", status: "False", reason: "MinimumReplicasUnavailable" },
        { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" },
      ],
    });
    await world.settle();
    expect(destinations(world)).toEqual([
      ["mymodel-main", 30],
      ["mymodel-canary", 70],
    ]);
    expect(world.condition("Ready")).toBe("Ready=False RolloutStuck");
    expect(world.condition("Progressing")).toBe("Progressing=False RolloutStuck");
    expect(textAt(world.status(), "state")).toBe("Failed");
  });
});

describe("a container with a new name", () => {
  it("serves beside the old one until it is ready", async () => {
    const world = await settled(manifest(), routes);
    const renamed = { graph: { name: "better" }, componentSpecs: [component("better")] };
    world.apply(manifest([predictor("default", renamed)]));
    await world.settle();
    expect(world.owned()).toEqual([
      "Deployment mymodel-default-0-better",
      "Deployment mymodel-default-0-model",
      "DestinationRule mymodel-default",
      "Service mymodel-default",
      "Service mymodel-default-better",
      "Service mymodel-default-model",
      "VirtualService mymodel",
    ]);
    expect(world.condition("Progressing")).toBe("Progressing=True RollingOut");
    world.ready();
    await world.settle();
    expect(world.owned()).toEqual([
      "Deployment mymodel-default-0-better",
      "DestinationRule mymodel-default",
      "Service mymodel-default",
      "Service mymodel-default-better",
      "VirtualService mymodel",
    ]);
  });
});

describe("a shadow", () => {
  it("is mirrored to once it serves", async () => {
    const world = await settled(one(), routes);
    const mirrorOf = (): string => {
      const route = world.cluster.all().find(({ kind }) => kind === "VirtualService");
      return textAt(listAt(route, "spec", "http")[0], "mirror", "host").split(".")[0] ?? "";
    };
    world.apply(manifest([predictor("main"), predictor("shade", { shadow: true, traffic: 50 })]));
    await world.settle();
    expect(mirrorOf()).toBe("");
    world.ready();
    await world.settle();
    expect(mirrorOf()).toBe("mymodel-shade");
  });
});

describe("no pods at all", () => {
  it("are ready when none are asked for", async () => {
    const world = await settled(manifest([predictor("default", { replicas: 0 })]), routes);
    expect(world.condition("Ready")).toBe("Ready=True Ready");
    expect(destinations(world)).toEqual([["mymodel-default", 0]]);
  });
});

describe("routes of an ingress that is switched off", () => {
  it("go", async () => {
    const world = await settled(manifest(), routes);
    world.set({ istioEnabled: false });
    await world.settle();
    expect(world.owned()).toEqual([
      "Deployment mymodel-default-0-model",
      "Service mymodel-default",
      "Service mymodel-default-model",
    ]);
  });
});

describe("routes of the Gateway API", () => {
  it("are ready when a gateway takes them on", async () => {
    const settings = { gatewayApiEnabled: true, gateway: "infra/public" };
    const world = await settled(manifest(), settings);
    const route = world.cluster.all().find(({ kind }) => kind === "HTTPRoute");
    expect(world.condition("Ready")).toBe("Ready=False RoutesNotReady");
    expect(textAt(world.status(), "state")).toBe("Available");
    const accepted = (status: string) => ({
      parents: [{ conditions: [{ type: "Accepted", status, message: "no such listener" }] }],
    });
    world.cluster.setStatus(refOf(route as KubernetesObject), accepted("False")); // it is there
    await world.settle();
    expect(world.condition("GatewayRoutesReady")).toBe("GatewayRoutesReady=False RoutesNotReady");
    world.cluster.setStatus(refOf(route as KubernetesObject), accepted("True"));
    await world.settle();
    expect(world.condition("Ready")).toBe("Ready=True Ready");
    expect(world.condition("GatewayRoutesReady")).toBe("GatewayRoutesReady=True RoutesAccepted");
  });
});

const engineOf = (world: World): string => {
  const deployment = world.cluster.all().find(({ kind }) => kind === "Deployment");
  const engine = listAt(deployment, "spec", "template", "spec", "containers").at(-1);
  return textAt(engine, "image");
};

describe("a newer operator", () => {
  it("keeps engines running until something else changes", async () => {
    const world = await settled(manifest(), { engineImage: "engine:1" });
    const generation = () =>
      world.cluster.get(deploymentRef("mymodel-default-0-model"))?.metadata.generation;
    const before = generation();
    world.set({ engineImage: "engine:2" });
    await world.settle();
    expect(engineOf(world)).toBe("engine:1");
    expect(generation()).toBe(before);
    expect(world.condition("EngineUpToDate")).toBe("EngineUpToDate=False NewerEngineAvailable");
    expect(world.condition("Ready")).toBe("Ready=True Ready");
    world.apply(manifest([predictor("default", { labels: { team: "a" } })]));
    await world.settle();
    expect(engineOf(world)).toBe("engine:2");
    expect(world.condition("EngineUpToDate")).toBe("EngineUpToDate=True NewestEngine");
  });

  it("renews them at once when it is told so", async () => {
    const world = await settled(manifest(), { engineImage: "engine:1" });
    world.set({ engineImage: "engine:2" });
    world.change({ rollEngines: true });
    await world.settle();
    expect(engineOf(world)).toBe("engine:2");
  });

  it("keeps them through a change of replicas", async () => {
    const world = await settled(manifest(), { engineImage: "engine:1" });
    world.set({ engineImage: "engine:2" });
    world.apply(manifest([predictor("default", { replicas: 3 })]));
    await world.settle();
    expect(engineOf(world)).toBe("engine:1");
  });
});

describe("a newer initializer", () => {
  const image = (tag: string) => ({
    ...defaultSettings.storageInitializer,
    image: `registry.example/espalier/storage-initializer:${tag}`,
  });
  const stored = (fields: object = {}, over: object = {}) =>
    manifest([
      predictor("default", {
        graph: { name: "model", modelUri: "s3://models/a", children: [], ...fields },
        ...over,
      }),
    ]);
  const imageOf = (world: World): string => {
    const live = world.cluster.get(deploymentRef("mymodel-default-0-model"));
    return textAt(listAt(live, "spec", "template", "spec", "initContainers")[0], "image");
  };
  const alone = { annotations: { "seldon.io/no-engine": "true" } };

  it.each([
    { name: "beside an engine", over: {} },
    { name: "without one", over: alone },
  ])("leaves models alone until something else changes, $name", async ({ over }) => {
    const world = await settled(stored({}, over), { storageInitializer: image("1") });
    world.set({ storageInitializer: image("2") });
    await world.settle();
    expect(imageOf(world)).toMatch(/:1$/);
    world.apply(stored({ modelUri: "s3://models/b" }, over));
    await world.settle();
    expect(imageOf(world)).toMatch(/:2$/);
  });

  it("takes effect at once where it is another program, or the manifest names it", async () => {
    const world = await settled(stored(), { storageInitializer: image("1") });
    const other = { ...defaultSettings.storageInitializer, image: "rclone:1" };
    world.set({ storageInitializer: other });
    await world.settle();
    expect(imageOf(world)).toBe("rclone:1");
    world.set({ storageInitializer: image("1") });
    await world.settle();
    const named = "registry.example/espalier/storage-initializer:3";
    world.apply(stored({ storageInitializerImage: named }));
    await world.settle();
    expect(imageOf(world)).toBe(named);
  });
});

describe("a Deployment whose selector changes", () => {
  const alone = () =>
    manifest(undefined, { annotations: { "seldon.io/engine-separate-pod": "true" } });
  const ref = deploymentRef("mymodel-default-0-model");

  /** Plays the Deployment's controller: the pods of a template. */
  const replicaSet = (world: World): KubernetesObject => {
    const live = world.cluster.get(ref);
    return world.cluster.put({
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `${ref.name}-1`,
        namespace: "ns1",
        labels: valueAt(live, "spec", "template", "metadata", "labels") as Record<string, string>,
        ownerReferences: [
          {
            apiVersion: "apps/v1",
            kind: "Deployment",
            name: ref.name,
            uid: live?.metadata.uid ?? "",
            controller: true,
          },
        ],
      },
      spec: { replicas: 1, selector: valueAt(live, "spec", "selector") },
    });
  };

  /** The pod of the engine is wanted, and ready: now the pods that it was in may go. */
  const separate = async (world: World): Promise<void> => {
    world.apply(alone());
    await world.settle();
    world.cluster.settle(deploymentRef("mymodel-default-svc-orch"));
  };

  it("is made again, and its old pods serve until the new ones are ready", async () => {
    const world = await settled(manifest());
    const set = replicaSet(world);
    const uid = world.cluster.get(ref)?.metadata.uid;
    await separate(world);
    await world.settle();
    const live = world.cluster.get(ref);
    expect(live?.metadata.uid).not.toBe(uid);
    expect(listAt(live, "spec", "template", "spec", "containers")).toHaveLength(1);
    expect(numberAt(world.cluster.get(refOf(set)), "spec", "replicas")).toBe(1);
    world.ready();
    await world.settle();
    expect(world.cluster.get(refOf(set))).toBeUndefined();
    expect(world.cluster.get(ref)).toBeDefined();
    expect(world.condition("Ready")).toBe("Ready=True Ready");
  });

  it("stays until the engine in its pod of its own is ready", async () => {
    const world = await settled(manifest());
    const uid = () => world.cluster.get(ref)?.metadata.uid;
    const before = uid();
    world.apply(alone());
    await world.settle();
    expect(uid()).toBe(before);
    expect(world.condition("Ready")).toBe("Ready=False WorkloadsNotReady");
    await separate(world);
    await world.settle();
    expect(uid()).not.toBe(before);
  });

  it("keeps its old pods until its own are ready, when it takes the engine in", async () => {
    const world = await settled(alone());
    const set = replicaSet(world);
    world.apply(manifest());
    await world.settle();
    expect(world.cluster.get(refOf(set))).toBeDefined();
    world.ready();
    await world.settle();
    expect(world.cluster.get(refOf(set))).toBeUndefined();
    expect(world.owned()).not.toContain("Deployment mymodel-default-svc-orch");
  });

  it("lets go of old pods that the new Deployment has taken on", async () => {
    const world = await settled(manifest());
    const set = replicaSet(world);
    await separate(world);
    await world.settle();
    const live = world.cluster.get(refOf(set)) as KubernetesObject; // it is there
    const owners = live.metadata.ownerReferences ?? [];
    const uid = world.cluster.get(ref)?.metadata.uid ?? "";
    const taker = { apiVersion: "apps/v1", kind: "Deployment", name: ref.name, uid };
    const ownerReferences = [...owners, { ...taker, controller: true }];
    world.cluster.put({ ...live, metadata: { ...live.metadata, ownerReferences } });
    world.ready();
    await world.settle();
    const left = world.cluster.get(refOf(set))?.metadata;
    expect(left?.ownerReferences?.map(({ kind }) => kind)).toEqual(["Deployment"]);
    expect(Object.keys(left?.labels ?? {})).not.toContain("espalier.io/replaced");
  });

  it("survives an interruption at every request", async () => {
    for (let calls = 1; calls < 40; calls++) {
      const world = await settled(manifest());
      const set = replicaSet(world);
      await separate(world);
      let left = calls;
      const mend = world.cluster.fail(() => {
        left -= 1;
        return left === 0;
      }, "UNAVAILABLE");
      await world.pass().catch(() => undefined);
      mend();
      await world.settle();
      world.ready();
      await world.settle();
      expect(world.condition("Ready")).toBe("Ready=True Ready");
      expect(world.cluster.get(refOf(set))).toBeUndefined();
      if (left > 0) return; // it has been interrupted everywhere
    }
    throw new Error("there is no end of requests");
  });

  it("goes with the deployment, and so do the old pods", async () => {
    const world = await settled(manifest());
    const set = replicaSet(world);
    await separate(world);
    await world.settle();
    const owner = world.cluster.get(refOf(set))?.metadata.ownerReferences;
    expect(owner?.map(({ kind, controller }) => [kind, controller])).toEqual([
      ["SeldonDeployment", false],
    ]);
  });
});

describe("a Service that gets or loses its head", () => {
  it("is made again", async () => {
    const world = await settled();
    const addressOf = () =>
      textAt(
        world.cluster.get({
          ...deploymentRef("mymodel-default"),
          apiVersion: "v1",
          kind: "Service",
        }),
        "spec",
        "clusterIP",
      );
    world.apply(manifest(undefined, { annotations: { "seldon.io/headless-svc": "true" } }));
    await world.settle();
    expect(addressOf()).toBe("None");
    world.apply(manifest());
    await world.settle();
    expect(addressOf()).not.toBe("None");
  });
});

describe("the same end", () => {
  const plan = [
    manifest([predictor("default")]),
    manifest([
      predictor("default", {
        traffic: 60,
        graph: { name: "better" },
        componentSpecs: [component("better", { pdbSpec: { minAvailable: 1 } })],
      }),
      predictor("canary", { traffic: 40 }),
    ]),
  ];
  const contentOf = ({ cluster }: World): unknown =>
    cluster
      .all()
      .filter(({ kind }) => kind !== "SeldonDeployment")
      .map(({ metadata, status: _, ...object }) => ({
        ...object,
        name: metadata.name,
        labels: metadata.labels,
        spec: { ...(object["spec"] as object), clusterIP: undefined, clusterIPs: undefined },
      }))
      .sort((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1));

  const walk = async (world: World, interrupt: () => () => void): Promise<void> => {
    for (const step of plan) {
      world.apply(step);
      const mend = interrupt();
      for (let passes = 0; passes < 4; passes++) {
        await world.pass().catch(() => undefined);
        world.ready();
      }
      mend();
      await world.settle();
      world.ready();
      await world.settle();
    }
  };

  it.each(["UNAVAILABLE", "CONFLICT", "FORBIDDEN"] as const)(
    "is reached through %s at any request",
    async (code) => {
      const smooth = makeWorld(routes);
      await walk(smooth, () => () => {});
      for (let calls = 1; ; calls++) {
        const world = makeWorld(routes);
        let left = calls;
        await walk(world, () => world.cluster.fail(() => --left === 0, code));
        expect(contentOf(world)).toEqual(contentOf(smooth));
        const before = countWrites(world.cluster);
        await world.pass();
        expect(countWrites(world.cluster)).toBe(before);
        if (left > 0) return;
      }
    },
  );
});
