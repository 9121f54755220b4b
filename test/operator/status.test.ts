import { describe, expect, it } from "@jest/globals";
import { statusEvents } from "../../operator/events.ts";
import { decideRoutes, type PredictorState } from "../../operator/gates.ts";
import { listAt, textAt, valueAt } from "../../operator/live.ts";
import { at, component, deploymentRef, makeWorld, manifest, predictor, settled } from "./world.ts";

const conditionsOf = (status: unknown): readonly string[] =>
  listAt(status, "conditions").map((one) => textAt(one, "type"));

describe("the status", () => {
  it("has v1's fields", async () => {
    const world = await settled();
    const { conditions, ...status } = world.status() as { readonly conditions: unknown }; // it is there
    expect(status).toEqual({
      state: "Available",
      description: "",
      replicas: 1,
      selector:
        "seldon-app-svc-model=mymodel-default-model,seldon-app=mymodel-default,seldon-deployment-id=mymodel",
      address: {
        url: "http://mymodel-default.ns1.svc.cluster.local:8000/api/v1.0/predictions",
      },
      deploymentStatus: { "mymodel-default-0-model": { replicas: 1, availableReplicas: 1 } },
      serviceStatus: {
        "mymodel-default": {
          svcName: "mymodel-default",
          httpEndpoint: "mymodel-default.ns1:8000",
          grpcEndpoint: "mymodel-default.ns1:5001",
        },
        "mymodel-default-model": {
          svcName: "mymodel-default-model",
          httpEndpoint: "mymodel-default-model.ns1:9000",
          grpcEndpoint: "mymodel-default-model.ns1:9500",
        },
      },
      observedGeneration: 1,
    });
    expect(conditions).toHaveLength(10);
  });

  it("says all of v1's conditions in v1's words, sorted by type", async () => {
    const world = await settled();
    const types = conditionsOf(world.status());
    expect(types).toEqual([...types].sort());
    expect(
      [
        "AmbassadorMappingsReady",
        "DeploymentsReady",
        "HpasReady",
        "KedaReady",
        "PdbsReady",
        "ServicesReady",
        "istioVirtualServicesReady",
      ].map(world.condition),
    ).toEqual([
      "AmbassadorMappingsReady=True No Ambassador Mappaings defined",
      "DeploymentsReady=True MinimumReplicasAvailable",
      "HpasReady=True No HPAs defined",
      "KedaReady=True No KEDA resources defined",
      "PdbsReady=True No PDBs defined",
      "ServicesReady=True All services created",
      "istioVirtualServicesReady=True No VirtualServices defined",
    ]);
  });

  it.each([
    ["istioVirtualServicesReady", { istioEnabled: true }, "All VirtualServices created"],
    [
      "AmbassadorMappingsReady",
      { ambassadorEnabled: true, ambassadorVersion: "v2" },
      "All Ambassador Mappings created",
    ],
  ])("does not say %s before there are routes", async (type, settings, ok) => {
    const world = makeWorld(settings);
    world.apply(manifest());
    await world.settle();
    expect(world.condition(type)).toBe(`${type}=False Not ${ok.replace("All", "all")}`);
    world.ready();
    await world.settle();
    expect(world.condition(type)).toBe(`${type}=True ${ok}`);
  });

  it("says AmbassadorMappingsReady where Services have the routes in annotations", async () => {
    const world = makeWorld({ ambassadorEnabled: true, ambassadorVersion: "v1" });
    world.apply(manifest());
    await world.settle();
    expect(world.condition("AmbassadorMappingsReady")).toBe(
      "AmbassadorMappingsReady=True No Ambassador Mappaings defined",
    );
  });

  it.each([
    ["seldon", "/api/v1.0/predictions"],
    ["tensorflow", "/v1/models/model:predict"],
    ["v2", "/v2/models/model/infer"],
    ["kfserving", "/v2/models/model/infer"],
  ])("gives the address of protocol %s", async (protocol, path) => {
    const world = await settled(manifest(undefined, { protocol }));
    expect(textAt(world.status(), "address", "url")).toBe(
      `http://mymodel-default.ns1.svc.cluster.local:8000${path}`,
    );
  });

  it("names the predictor of an explainer", async () => {
    const explainer = { type: "AnchorTabular", modelUri: "gs://a" };
    const world = await settled(manifest([predictor("default", { explainer })]));
    expect(
      valueAt(world.status(), "serviceStatus", "mymodel-default-explainer", "explainerFor"),
    ).toBe("mymodel-default");
  });

  it("keeps the time of a condition whose status is the same", async () => {
    const world = await settled();
    const timeOf = (type: string) =>
      textAt(
        listAt(world.status(), "conditions").find((one) => textAt(one, "type") === type),
        "lastTransitionTime",
      );
    const before = timeOf("Ready");
    world.wait(60_000);
    world.apply(
      manifest([
        predictor("default", { componentSpecs: [component("other")], graph: { name: "other" } }),
      ]),
    );
    await world.settle();
    expect(timeOf("Ready") > before).toBe(true);
    expect(timeOf("ServicesReady")).toBe(before);
    expect(valueAt(world.status(), "observedGeneration")).toBe(2);
  });

  it("keeps the conditions of others, and takes away its own that no longer hold", async () => {
    const world = await settled();
    const foreign = { type: "Audited", status: "True" };
    const outdated = { type: "SpecWarnings", status: "True" };
    const status = world.status() as { readonly conditions: readonly unknown[] }; // it is there
    world.cluster.setStatus(at, {
      ...status,
      conditions: [...status.conditions, foreign, outdated],
    });
    await world.settle();
    expect(conditionsOf(world.status())).toContain("Audited");
    expect(conditionsOf(world.status())).not.toContain("SpecWarnings");
  });

  it("is Failed when a Deployment neither serves nor progresses", async () => {
    const world = await settled();
    world.cluster.setStatus(deploymentRef("mymodel-default-0-model"), {
      observedGeneration: 1,
      replicas: 1,
      updatedReplicas: 1,
      unavailableReplicas: 1,
      conditions: [
        { type: "Available", status: "False", reason: "MinimumReplicasUnavailable" },
        { type: "Progressing", status: "False", reason: "ReplicaSetCreateError" },
      ],
    });
    await world.settle();
    expect(textAt(world.status(), "state")).toBe("Failed");
    expect(textAt(world.status(), "description")).toContain("mymodel-default-0-model");
  });

  it("says what a rejected manifest lacks, and still what serves", async () => {
    const world = await settled();
    world.apply(manifest([]));
    await world.pass();
    expect(textAt(world.status(), "state")).toBe("Failed");
    expect(world.condition("DeploymentsReady")).toBe(
      "DeploymentsReady=True MinimumReplicasAvailable",
    );
    expect(valueAt(world.status(), "deploymentStatus", "mymodel-default-0-model")).toBeDefined();
  });
});

describe("statusEvents", () => {
  it("tells nothing twice", async () => {
    const world = await settled();
    const live = world.cluster.get(at);
    if (live === undefined) throw new Error("it is there");
    const status = world.status() as Parameters<typeof statusEvents>[1]; // of observe
    expect(statusEvents(live, status)).toEqual([]);
    expect(statusEvents({ ...live, status: {} }, status)).toMatchObject([
      { type: "Normal", reason: "Updated" },
    ]);
  });
});

describe("decideRoutes", () => {
  const state = (name: string, more: Partial<PredictorState> = {}): PredictorState => ({
    ...{ name, isServing: true, isParked: false, isRolledOut: true, isStuck: false },
    ...more,
  });
  const lead = (...names: readonly string[]) => ({ is: "lead", to: new Set(names) });
  const down = { isServing: false };
  const rolling = { isRolledOut: false };

  it.each([
    { name: "all serve", states: [state("a"), state("b")], routed: ["a"], want: lead("a", "b") },
    {
      name: "there are no routes yet",
      states: [state("a", rolling), state("b", down)],
      routed: undefined,
      want: lead("a"),
    },
    {
      name: "nothing serves yet",
      states: [state("a", { ...down, ...rolling })],
      routed: undefined,
      want: lead(),
    },
    {
      name: "one has just begun",
      states: [state("a"), state("b", { ...down, ...rolling })],
      routed: ["a"],
      want: lead("a"),
    },
    {
      name: "one that is led to rolls out",
      states: [state("a", rolling), state("b")],
      routed: ["a"],
      want: { is: "wait", for: ["a"] },
    },
    {
      name: "one that serves rolls out",
      states: [state("a"), state("b", rolling)],
      routed: ["a"],
      want: { is: "wait", for: ["b"] },
    },
    {
      name: "one is stuck",
      states: [state("a"), state("b", { ...rolling, isStuck: true })],
      routed: ["a", "b"],
      want: lead("a", "b"),
    },
    {
      name: "one fails that is led to",
      states: [state("a", down), state("b")],
      routed: ["a", "b"],
      want: lead("a", "b"),
    },
    {
      name: "one is to have no pods",
      states: [state("a", { ...down, isParked: true })],
      routed: undefined,
      want: lead("a"),
    },
  ])("when $name", ({ states, routed, want }) => {
    expect(decideRoutes(states, routed && new Set(routed))).toEqual(want);
  });
});
