/**
 * What cannot come up: new pods that never get ready, an image that is not there, an add-on that
 * is not installed. What served before goes on, and the status says why. docs/troubleshooting.md.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { conditionOf, numberAt, textAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { installCrd } from "./support/crd.ts";
import { type Kubelet, playKubelet } from "./support/kubelet.ts";
import { type Operator, startOperatorProcess } from "./support/operator.ts";
import {
  bringAbout,
  deploymentAt,
  eventsWith,
  type Fields,
  hasReason,
  imageOf,
  isSettled,
  manifestOf,
  messageOf,
  predictorOf,
  sdep,
  serviceAt,
} from "./support/operator-manifests.ts";
import { startOwn } from "./support/shared.ts";

let plane: ControlPlane;
let namespace: string;
let kubelet: Kubelet;
let operator: Operator;

/** Pods that name one of these never get ready: as the kubelet tells of both. */
const failing = ["none/such:1", "NEVER_READY"];

beforeAll(async () => {
  plane = await startOwn();
  await installCrd(plane);
  namespace = await plane.namespace();
  const isReady = (pod: KubernetesObject): boolean =>
    !failing.some((word) => JSON.stringify(pod["spec"]).includes(word));
  kubelet = playKubelet(plane.api, { namespace, isReady });
  operator = startOperatorProcess({ api: plane.api, namespace, env: { KEDA_ENABLED: "true" } });
  await operator.logged("working");
});
afterAll(async () => {
  expect(await operator.end()).toBe(0);
  await kubelet.stop();
  await plane.stop();
});

const soon = { replicas: 2, progressDeadlineSeconds: 1 };
const reasonOf = (one: KubernetesObject, type: string): string =>
  textAt(conditionOf(one, type), "reason");

describe("a change that cannot come up", () => {
  const rows: readonly { readonly name: string; readonly predictor: Fields }[] = [
    {
      name: "unready",
      predictor: predictorOf({ containerFields: { env: [{ name: "NEVER_READY" }] } }, soon),
    },
    { name: "no-image", predictor: predictorOf({ image: "none/such:1" }, soon) },
  ];

  it.each(rows)("leaves the old pods serving, and says why: $name", async ({ name, predictor }) => {
    const { api } = plane;
    const target = sdep(namespace, name);
    const deployment = deploymentAt(namespace, `${name}-main-0-model`);
    await bringAbout(api, manifestOf(target, [predictorOf({}, soon)]));
    const first = await api.get(deployment);
    await api.apply(manifestOf(target, [predictor]), { force: true });
    const live = await api.until(target, hasReason("RolloutStuck"));
    expect(messageOf(live)).toContain(`Deployment ${namespace}/${name}-main-0-model`);
    expect(reasonOf(live, "Progressing")).toBe("RolloutStuck");
    const stuck = await api.get(deployment);
    expect(stuck.metadata.uid).toBe(first.metadata.uid);
    expect(numberAt(stuck, "status", "availableReplicas")).toBe(2);
    // Undone, it is as before: none of the old pods has gone meanwhile.
    await api.apply(manifestOf(target, [predictorOf({}, soon)]), { force: true });
    await api.until(target, isSettled);
    expect(imageOf(await api.get(deployment))).toBe(imageOf(first));
  });
});

describe("a manifest that needs KEDA where there is none", () => {
  const kedaSpec = {
    maxReplicaCount: 3,
    triggers: [{ type: "cpu", metadata: { type: "Utilization", value: "60" } }],
  };
  const scaled = (): Fields => predictorOf({ component: { kedaSpec } });

  it("is said to, all else goes on, and it is brought about when KEDA comes", async () => {
    const { api } = plane;
    const target = sdep(namespace, "scaled");
    await api.apply(manifestOf(target, [scaled()]));
    const live = await api.until(target, hasReason("KindMissing"));
    expect(messageOf(live)).toContain("ScaledObject of keda.sh/v1alpha1");
    expect(textAt(conditionOf(live, "KedaReady"), "status")).toBe("False");
    const about = { namespace, name: "scaled" };
    await eventsWith(api, about, (event) => textAt(event, "reason") === "InternalError");
    await api.until(
      deploymentAt(namespace, "scaled-main-0-model"),
      (one) => numberAt(one, "status", "availableReplicas") === 1,
    );
    await api.get(serviceAt(namespace, "scaled-main"));
    await bringAbout(api, manifestOf(sdep(namespace, "other"), [predictorOf()]));

    await plane.installAddon("keda");
    await api.until(target, isSettled, 300_000); // the operator asks for such a kind once a minute
    await api.get({
      ...{ apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" },
      ...{ namespace, name: "scaled-main-0-model" },
    });
  }, 480_000);
});
