/** Ports of Services while pods of two kinds are behind them. Source: design 5.2.6. */
import { describe, expect, it } from "@jest/globals";
import { formerGraceMs } from "../../operator/former-ports.ts";
import { listAt, numberAt, podLabelsOf, textAt, valueAt, wordsAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import { countWrites, manifest, predictor, settled, type World } from "./world.ts";

const service = (world: World, name = "mymodel-default"): KubernetesObject => {
  const found = world.cluster
    .all()
    .find(({ kind, metadata }) => kind === "Service" && metadata.name === name);
  if (found === undefined) throw new Error(`there is no Service ${name}`);
  return found;
};

/** `http 8000>9000` for each port of a Service, by number. */
const portsOf = (one: KubernetesObject): readonly string[] =>
  listAt(one, "spec", "ports")
    .map((port) => {
      const target = valueAt(port, "targetPort");
      return `${textAt(port, "name")} ${numberAt(port, "port")}>${String(target)}`;
    })
    .sort((a, b) => (a.slice(0, 4) < b.slice(0, 4) ? 1 : -1));

/** The pods of Deployments, which stay when those are gone. */
const templates = (world: World): readonly KubernetesObject[] =>
  world.cluster.all().filter(({ kind }) => kind === "Deployment");

/** What a pod listens on where a port of a Service leads to; 0: nothing. */
const reached = (deployment: KubernetesObject, target: unknown): number => {
  const open = listAt(deployment, "spec", "template", "spec", "containers").flatMap((one) =>
    listAt(one, "ports"),
  );
  const field = typeof target === "string" ? "name" : "containerPort";
  return numberAt(
    open.find((port) => valueAt(port, field) === target),
    "containerPort",
  );
};

/** Those of these ports that do not reach some pod behind the Service. */
const broken = (
  one: KubernetesObject,
  numbers: readonly number[],
  pods: readonly KubernetesObject[],
): readonly string[] => {
  const selector = Object.entries(wordsAt(one, "spec", "selector"));
  const behind = pods.filter((pod) =>
    selector.every(([key, value]) => podLabelsOf(pod)[key] === value),
  );
  return numbers.flatMap((number) => {
    const port = listAt(one, "spec", "ports").find((each) => numberAt(each, "port") === number);
    return behind
      .filter((pod) => reached(pod, valueAt(port, "targetPort")) === 0)
      .map((pod) => `${number} of ${pod.metadata.name}`);
  });
};

/** The ports that the VirtualService leads to. */
const routedTo = (world: World): readonly number[] => {
  const route = world.cluster.all().find(({ kind }) => kind === "VirtualService");
  return listAt(route, "spec", "http")
    .flatMap((one) => listAt(one, "route"))
    .map((one) => numberAt(one, "destination", "port", "number"));
};

const numbersOf = (one: KubernetesObject): readonly number[] =>
  listAt(one, "spec", "ports").map((port) => numberAt(port, "port"));

/** All pods become ready, and then those that waited for them. */
const rollOut = async (world: World): Promise<void> => {
  for (let times = 0; times < 2; times++) {
    world.ready();
    await world.settle();
  }
};

const within = () => manifest();
const without = () =>
  manifest([predictor("default", { annotations: { "seldon.io/no-engine": "true" } })]);
const apart = () =>
  manifest(undefined, { annotations: { "seldon.io/engine-separate-pod": "true" } });
const listening = (http: number) => {
  const ports = [
    { name: "http", containerPort: http },
    { name: "grpc", containerPort: http + 1 },
  ];
  const containers = [{ name: "model", image: "I:1", ports }];
  return manifest([
    predictor("default", {
      annotations: { "seldon.io/no-engine": "true" },
      componentSpecs: [{ spec: { containers } }],
    }),
  ]);
};

const engine = ["http 8000>8000", "grpc 5001>5001"];
const alone = ["http 9000>9000", "grpc 9500>9500"];

describe("withFormerPorts", () => {
  it.each([
    { name: "the engine left out", from: within, to: without, ports: alone },
    { name: "the engine put in", from: without, to: within, ports: engine },
    { name: "the engine's own pod left out", from: apart, to: without, ports: alone },
    { name: "the engine put into a pod of its own", from: without, to: apart, ports: engine },
    { name: "the engine put apart", from: within, to: apart, ports: engine },
    { name: "the engine put back", from: apart, to: within, ports: engine },
    {
      name: "other ports of the model",
      from: () => listening(7000),
      to: () => listening(7100),
      ports: ["http 7100>7100", "grpc 7101>7101"],
    },
  ])("leads every port to every pod, and loses the former ones: $name", async (row) => {
    const world = await settled(row.from(), { istioEnabled: true });
    const before = templates(world);
    const was = numbersOf(service(world));
    world.apply(row.to());
    await world.settle();
    const pods = [...before, ...templates(world)];
    const both = [...new Set([...was, ...numbersOf(service(world))])];
    expect(broken(service(world), both, pods)).toEqual([]);
    expect(routedTo(world)).toEqual(was);

    await rollOut(world);
    expect(routedTo(world)).toEqual(row.ports.map((port) => Number(port.split(">")[1])));
    expect(broken(service(world), both, templates(world))).toEqual([]);
    expect(world.condition("Ready")).toBe("Ready=True Ready");

    world.wait(formerGraceMs);
    const { againMs } = await world.settle();
    expect(againMs).toBeUndefined();
    expect(portsOf(service(world))).toEqual(row.ports);
  });

  it.each([
    { name: "with and without an engine", from: within, to: without },
    { name: "with one in a pod of its own, and without", from: apart, to: without },
    { name: "with one in a pod of its own, and in the pod", from: apart, to: within },
  ])("leads every port to every pod on the way back, in the next moment: $name", async (row) => {
    const world = await settled(row.from(), { istioEnabled: true });
    const was = numbersOf(service(world));
    const pods = new Set(templates(world));
    for (const step of [row.to, row.from, row.to, row.from]) {
      world.apply(step());
      for (let passes = 0; passes < 6; passes++) {
        await world.pass();
        for (const one of templates(world)) pods.add(one);
        expect(broken(service(world), was, [...pods])).toEqual([]);
      }
      await rollOut(world);
      pods.clear();
      for (const one of templates(world)) pods.add(one);
      expect(broken(service(world), was, [...pods])).toEqual([]);
    }
  });

  it("keeps the names of ports until the former ones are gone", async () => {
    const world = await settled(without(), { istioEnabled: true });
    world.apply(within());
    await world.settle();
    const both = ["http 9000>9000", "http-8000 8000>9000", "grpc 9500>9500", "grpc-5001 5001>9500"];
    expect([...portsOf(service(world))].sort()).toEqual([...both].sort());
    world.ready();
    await world.settle();
    const through = both.map((port) => port.replace(/>9000/, ">8000").replace(/>9500/, ">5001"));
    expect([...portsOf(service(world))].sort()).toEqual([...through].sort());
  });

  it("is undone on the way", async () => {
    const world = await settled(within(), { istioEnabled: true });
    const before = templates(world);
    const was = numbersOf(service(world));
    world.apply(without());
    await world.settle();
    const between = templates(world);
    world.apply(within());
    await world.settle();
    const pods = [...before, ...between, ...templates(world)];
    expect(broken(service(world), was, pods)).toEqual([]);
    world.ready();
    await world.settle();
    world.wait(formerGraceMs);
    await world.settle();
    expect(portsOf(service(world))).toEqual(engine);
  });

  it("looks again in time, and writes nothing meanwhile", async () => {
    const world = await settled(within());
    world.apply(without());
    await world.settle();
    world.ready();
    expect((await world.settle()).againMs).toBe(formerGraceMs);
    world.wait(formerGraceMs / 2);
    const before = countWrites(world.cluster);
    expect((await world.pass()).againMs).toBe(formerGraceMs / 2);
    expect(countWrites(world.cluster)).toBe(before);
  });

  it("keeps both while new pods are not ready, and none are lost when they fail", async () => {
    const world = await settled(within());
    const before = templates(world);
    world.apply(without());
    await world.settle();
    world.wait(10 * formerGraceMs);
    await world.settle();
    expect(numbersOf(service(world))).toHaveLength(4);
    expect(broken(service(world), [8000, 5001, 9000, 9500], before)).toEqual([]);
  });

  it("leaves ports of somebody else alone", async () => {
    const world = await settled(within());
    const live = service(world);
    const foreign = { name: "http-7070", port: 7070, targetPort: 7070, protocol: "TCP" };
    const ports = [...listAt(live, "spec", "ports"), foreign];
    world.cluster.put({ ...live, spec: { ...(live["spec"] as object), ports } }); // it has one
    const before = countWrites(world.cluster);
    await world.settle();
    expect(countWrites(world.cluster)).toBe(before);
    expect(numbersOf(service(world))).toContain(7070);
  });
});
