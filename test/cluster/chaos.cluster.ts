/**
 * Operators that are killed, frozen or cut off in the middle of changes, on a control plane of
 * their own: what comes out is what an undisturbed one makes. Issue "the operator", 3 and 7.
 */
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { valueAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import type { Api, Given } from "./support/api.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { installCrd } from "./support/crd.ts";
import { type Kubelet, playKubelet } from "./support/kubelet.ts";
import { type Operator, type OperatorOptions, startOperatorProcess } from "./support/operator.ts";
import { writesOf } from "./support/operator-audit.ts";
import { type Inventory, inventoryOf, untilSwept } from "./support/operator-inventory.ts";
import {
  deploymentAt,
  type Fields,
  imageOf,
  isSettled,
  manifestOf,
  predictorOf,
  sdep,
} from "./support/operator-manifests.ts";
import { startOwn } from "./support/shared.ts";

const env = { ISTIO_ENABLED: "true", ISTIO_GATEWAY: "infra/public" };
const kills = 20;
/** Chosen once; the moments of the kills follow from it. */
const seed = 20_240_417;

/** mulberry32: the same numbers for the same seed. */
const makeRandom = (from: number): (() => number) => {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const hpaSpec = {
  ...{ minReplicas: 1, maxReplicas: 3 },
  metricsv2: [
    {
      type: "Resource",
      resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
    },
  ],
};
const pdbSpec = { minAvailable: 1 };

/** What there is at first and later; undefined: nothing. */
type Change = readonly [
  name: string,
  before: (namespace: string) => Given | undefined,
  after: (namespace: string) => Given | undefined,
];

const change = (
  name: string,
  before: readonly Fields[] | undefined,
  after: readonly Fields[] | undefined,
  spec: Fields = {},
): Change => {
  const made = (predictors: readonly Fields[] | undefined, more: Fields) => (namespace: string) =>
    predictors && manifestOf(sdep(namespace, name), predictors, { spec: more });
  return [name, made(before, {}), made(after, spec)];
};

const changes: readonly Change[] = [
  change(
    "canary",
    [predictorOf()],
    [
      predictorOf({}, { traffic: 75 }),
      predictorOf({ name: "canary", image: "none/of-it:2" }, { traffic: 25 }),
    ],
  ),
  change(
    "promoted",
    [predictorOf({}, { traffic: 75 }), predictorOf({ name: "next" }, { traffic: 25 })],
    [predictorOf({ name: "next" }, { traffic: 100 })],
  ),
  change("renamed", [predictorOf()], [predictorOf({ container: "other" })]),
  change("split", [predictorOf()], [predictorOf()], {
    annotations: { "seldon.io/engine-separate-pod": "true" },
  }),
  change(
    "scaled",
    [predictorOf({ component: { hpaSpec, pdbSpec } })],
    [predictorOf({ component: { replicas: 2 } })],
  ),
  change("updated", [predictorOf()], [predictorOf({ image: "none/of-it:2" })]),
  change("made", undefined, [
    predictorOf({ component: { pdbSpec } }, { traffic: 100 }),
    predictorOf({ name: "shadow" }, { shadow: true }),
  ]),
  change("deleted", [predictorOf()], undefined),
];

let plane: ControlPlane;
let api: Api;
const running = new Set<Operator>();
const kubelets: Kubelet[] = [];

const start = (options: Omit<OperatorOptions, "api"> & { readonly api?: Api }): Operator => {
  const operator = startOperatorProcess({ api, ...options, env: { ...env, ...options.env } });
  running.add(operator);
  return operator;
};

const place = async (): Promise<string> => {
  const namespace = await plane.namespace();
  kubelets.push(playKubelet(api, { namespace }));
  return namespace;
};

beforeAll(async () => {
  plane = await startOwn();
  ({ api } = plane);
  await installCrd(plane);
  await plane.installAddon("istio");
});
afterAll(async () => {
  for (const operator of running) await operator.end("SIGKILL");
  for (const kubelet of kubelets) await kubelet.stop();
  await plane.stop();
});

/** Applies what is there before or after; takes away what is not. */
const put = async (namespace: string, which: 1 | 2): Promise<void> => {
  for (const one of changes) {
    const manifest = one[which](namespace);
    if (manifest !== undefined) await api.apply(manifest, { force: true });
    else await api.remove(sdep(namespace, one[0]));
  }
};

const isOver = (namespace: string, which: 1 | 2) => (all: readonly KubernetesObject[]) =>
  all.every(isSettled) &&
  all.length === changes.filter((one) => one[which](namespace) !== undefined).length;

const overLimitMs = 240_000;

/** The Deployments that a status tells of. */
const toldOf = (one: KubernetesObject): readonly string[] =>
  Object.keys(valueAt(one, "status", "deploymentStatus") ?? {});

/** All is settled, what was deleted is gone, and no status tells of it any more. */
const untilOver = async (namespace: string, which: 1 | 2): Promise<void> => {
  const { apiVersion, kind } = sdep("", "");
  await api.untilAll({ apiVersion, kind, namespace }, isOver(namespace, which), overLimitMs);
  await untilSwept(api, namespace, overLimitMs);
  const sets = { apiVersion: "apps/v1", kind: "ReplicaSet", namespace };
  await api.untilAll(sets, (all) => all.every(({ metadata }) => metadata.ownerReferences?.length));
  const deployments = await api.list({ apiVersion: "apps/v1", kind: "Deployment", namespace });
  const there = new Set(deployments.map(({ metadata }) => metadata.name));
  await api.untilAll({ apiVersion, kind, namespace }, (all) =>
    all.every((one) => isSettled(one) && toldOf(one).every((name) => there.has(name))),
  );
};

/** What an operator makes of it that nobody disturbs, at first and later. */
const undisturbed = async (): Promise<Readonly<Record<1 | 2, Inventory>>> => {
  const namespace = await place();
  const operator = start({ namespace });
  await put(namespace, 1);
  await untilOver(namespace, 1);
  const first = await inventoryOf(api, namespace);
  await put(namespace, 2);
  await untilOver(namespace, 2);
  expect(await operator.end()).toBe(0);
  return { 1: first, 2: await inventoryOf(api, namespace) };
};

/** Kills it a little after it has written once or several times, unless all is over before. */
const liveBriefly = async (
  namespace: string,
  random: () => number,
  over: Promise<"over">,
): Promise<"killed" | "over"> => {
  const operator = start({ namespace, env: { ESPALIER_WORKERS: "2" } });
  const many = 1 + Math.floor(random() * 2);
  const afterMs = random() * 15;
  const how = await Promise.race([
    over,
    operator.logged("written", many).then(() => "written" as const),
  ]);
  if (how === "written") await setTimeout(afterMs);
  await operator.end("SIGKILL");
  return how === "over" ? "over" : "killed";
};

/** Kills operators one after the other until all is over; answers how many. */
const killUntilOver = async (
  namespace: string,
  which: 1 | 2,
  random: () => number,
): Promise<number> => {
  const over = untilOver(namespace, which).then(() => "over" as const);
  let killed = 0;
  while ((await liveBriefly(namespace, random, over)) === "killed") killed++;
  return killed;
};

describe("an operator that is killed", () => {
  it(`makes the same of ${changes.length} changes after ${kills} kills`, async () => {
    const namespace = await place();
    const want = await undisturbed();
    const random = makeRandom(seed);
    let killed = 0;
    let which: 1 | 2 = 1;
    while (killed < kills) {
      await put(namespace, which);
      killed += await killUntilOver(namespace, which, random);
      const now = await inventoryOf(api, namespace);
      expect({ seed, killed, now }).toEqual({ seed, killed, now: want[which] });
      which = which === 1 ? 2 : 1;
    }
  }, 900_000);
});

const electing = [
  "--enable-leader-election",
  // A lease is not lost because the machine is busy for some seconds.
  ...["--leader-election-lease-duration-secs=20", "--leader-election-renew-deadline-secs=16"],
  "--leader-election-retry-period-secs=1",
];

/** A user of its own, by whom the audit log tells operators apart. */
const startAs = async (name: string, namespace: string): Promise<Operator> => {
  const own = await plane.user({ name, groups: ["system:masters"] });
  return start({ api: own, namespace, flags: electing });
};

const models = Array.from({ length: 6 }, (_, index) => `model-${index}`);

const putModels = async (namespace: string, image: string): Promise<void> => {
  for (const name of models) {
    await api.apply(manifestOf(sdep(namespace, name), [predictorOf({ image })]), { force: true });
  }
};

const untilModels = async (namespace: string): Promise<void> => {
  try {
    for (const name of models) await api.until(sdep(namespace, name), isSettled, overLimitMs);
  } catch (error) {
    const said = [...running].map(({ lines }) => JSON.stringify(lines.slice(-8)));
    process.stdout.write(`${said.join("\n")}\n`);
    throw error;
  }
};

/** When and by whom something was written, in order. */
const writers = (mark: number, namespace: string): readonly string[] =>
  writesOf(plane.audit, mark, { namespace })
    .filter(({ objectRef }) => objectRef?.resource !== "events")
    .toSorted((a, b) => (a.stageTimestamp < b.stageTimestamp ? -1 : 1))
    .map(({ user }) => user.username);

/** The writers in turn: `["a", "b"]` when b began after a had ended. */
const turnsOf = (names: readonly string[]): readonly string[] =>
  names.filter((name, index) => name !== names[index - 1]);

describe("two operators", () => {
  it("never write at one time: the leader is killed in the middle of its work", async () => {
    const namespace = await place();
    const mark = plane.audit.mark();
    const first = await startAs("first", namespace);
    await first.logged("working");
    const second = await startAs("second", namespace);
    await putModels(namespace, "none/of-it:1");
    await first.logged("written", 3);
    await first.end("SIGKILL");
    await untilModels(namespace);
    expect(turnsOf(writers(mark, namespace))).toEqual(["first", "second"]);
    expect(await second.end()).toBe(0);
  });

  it("never write at one time: the leader is frozen, and thaws when another leads", async () => {
    const namespace = await place();
    const mark = plane.audit.mark();
    const first = await startAs("frozen", namespace);
    await first.logged("working");
    await putModels(namespace, "none/of-it:1");
    await untilModels(namespace);
    const second = await startAs("awake", namespace);
    first.process.kill("SIGSTOP");
    await putModels(namespace, "none/of-it:2"); // it finds out about these when it thaws
    await second.logged("working");
    await putModels(namespace, "none/of-it:3");
    await second.logged("written");
    expect(await first.end("SIGCONT")).toBe(1);
    await untilModels(namespace);
    expect(turnsOf(writers(mark, namespace))).toEqual(["frozen", "awake"]);
    expect(await second.end()).toBe(0);
  });
});

const pauseMs = 30_000;

describe("an API server", () => {
  it("that says nothing for half a minute, and then goes away, ends no operator", async () => {
    const namespace = await place();
    const operator = start({ namespace });
    await operator.logged("working");
    await putModels(namespace, "none/of-it:1");
    await operator.logged("written", 2);
    await plane.apiServer.pause();
    await setTimeout(pauseMs);
    plane.apiServer.resume();
    await untilModels(namespace);
    await plane.apiServer.kill();
    await plane.apiServer.start();
    await putModels(namespace, "none/of-it:2");
    await untilModels(namespace);
    const images = models.map(async (name) =>
      imageOf(await api.get(deploymentAt(namespace, `${name}-main-0-model`))),
    );
    expect(new Set(await Promise.all(images))).toEqual(new Set(["none/of-it:2"]));
    expect(operator.lines.filter(({ level }) => level === "error")).toEqual([]);
    expect(await operator.end()).toBe(0);
  }, 480_000);
});
