/**
 * The chart of the operator on a control plane of its own: installed, upgraded and uninstalled by
 * Helm, and the operator at work with the rights, arguments and environment that it is given.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { configurationName } from "../../operator/admission/webhook-configuration.ts";
import { listAt, textAt, valueAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import { samples } from "../crds/manifests.ts";
import type { Given } from "./support/api.ts";
import { targetOf } from "./support/api.ts";
import { isTrue } from "./support/conditions.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { chartFolder, type Helm, makeHelm } from "./support/helm.ts";
import { startInstalled } from "./support/installed-operator.ts";
import { type Kubelet, playKubelet } from "./support/kubelet.ts";
import type { Operator } from "./support/operator.ts";
import { deploymentAt, manifestOf, predictorOf, sdep } from "./support/operator-manifests.ts";
import { chartRights, type Rule, rightsOf } from "./support/operator-roles.ts";
import { startOwn } from "./support/shared.ts";

const system = "espalier-system";
const account = "seldon-manager";
const user = `system:serviceaccount:${system}:${account}`;
const addons = ["istio", "emissary", "gateway-api", "keda"] as const;

/** Nobody reaches the webhook here: there are no nodes. */
const set = [
  ...["webhook.failurePolicy=Ignore", "webhook.timeoutSeconds=1", "manager.workers=2"],
  ...["istio.enabled=true", "ambassador.enabled=true", "gatewayApi.enabled=true"],
  ...["gatewayApi.gateway=infra/models", "keda.enabled=true"],
].flatMap((one) => ["--set", one]);

let plane: ControlPlane;
let home: string;
let helm: Helm;
let kubelet: Kubelet;
let operator: Operator;

const chart = chartFolder("espalier-operator");

const startAsInstalled = (): Promise<Operator> => startInstalled(plane, { home, system });

beforeAll(async () => {
  plane = await startOwn();
  home = mkdtempSync(join(tmpdir(), "espalier-helm-"));
  helm = makeHelm(plane, home);
  for (const addon of addons) await plane.installAddon(addon);
  await helm.must("install", "espalier", chart, "-n", system, "--create-namespace", ...set);
  kubelet = playKubelet(plane.api, {});
  operator = await startAsInstalled();
  await operator.logged("working");
});
afterAll(async () => {
  await kubelet.stop();
  await plane.stop();
  rmSync(home, { recursive: true });
});

const rulesOf = async (kind: string, namespace = ""): Promise<readonly Rule[]> => {
  const where = { apiVersion: "rbac.authorization.k8s.io/v1", kind };
  const roles = await plane.api.list(namespace === "" ? where : { ...where, namespace });
  return roles
    .filter(({ metadata }) => metadata.labels?.["app"] === "seldon")
    .flatMap((role) => role["rules"] as readonly Rule[]); // as: of a role
};

const rightsAll = async (): Promise<readonly string[]> =>
  rightsOf([...(await rulesOf("ClusterRole")), ...(await rulesOf("Role", system))]);

const allOn = chartRights({ on: ["istio", "keda", "ambassador", "gatewayApi"] });
const expected = [...new Set(Object.values(allOn).flat())].sort();

describe("the operator that the chart installs", () => {
  it("may do what it does with each kind, and nothing else", async () => {
    expect(await rightsAll()).toEqual(expected);
  });

  it("brings deployments about, takes them away, and is never refused", async () => {
    const namespace = await plane.namespace();
    const reader = { name: "model-reader", namespace }; // of a sample
    await plane.api.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: reader });
    const gateways = new Set(["gateway.yaml"]); // nobody takes routes on here
    const given = samples
      .filter(({ file }) => !gateways.has(file))
      .map(
        ({ manifest }): Given => ({
          ...manifest,
          metadata: { ...manifest.metadata, namespace },
        }),
      );
    for (const one of given) await plane.api.apply(one);
    for (const one of given) {
      await plane.api.until(
        targetOf({ ...one, apiVersion: "machinelearning.seldon.io/v1" }),
        (live) => isTrue(live, "DeploymentsReady"),
      );
    }
    for (const one of given) await plane.api.remove(targetOf(one));
  });

  it("replaces a Deployment whose selector changes", async () => {
    const namespace = await plane.namespace();
    const target = sdep(namespace, "moving");
    await plane.api.apply(manifestOf(target, [predictorOf()]));
    await plane.api.until(target, (one) => isTrue(one, "DeploymentsReady"));
    const before = await plane.api.get(deploymentAt(namespace, "moving-main-0-model"));
    const annotations = { "seldon.io/engine-separate-pod": "true" };
    await plane.api.apply(manifestOf(target, [predictorOf()], { spec: { annotations } }));
    await plane.api.until(
      deploymentAt(namespace, "moving-main-0-model"),
      ({ metadata }) => metadata.uid !== before.metadata.uid,
    );
    // The engine has pods of its own, and whatever is left of before is a Deployment's alone.
    await plane.api.untilAll({ apiVersion: "apps/v1", kind: "ReplicaSet", namespace }, (sets) => {
      const owners = sets.map(({ metadata }) => metadata.ownerReferences ?? []);
      return (
        owners.some(([first]) => first?.name === "moving-main-svc-orch") &&
        owners.every(({ length, 0: first }) => length === 1 && first?.controller === true)
      );
    });
  });

  it("puts its certificate's authority into the webhook's configuration", async () => {
    const name = configurationName(system);
    const kind = "ValidatingWebhookConfiguration";
    const ref = { apiVersion: "admissionregistration.k8s.io/v1", kind, name };
    const bundleOf = (one: KubernetesObject): string =>
      textAt(listAt(one, "webhooks")[0], "clientConfig", "caBundle");
    const before = bundleOf(await plane.api.until(ref, (one) => bundleOf(one) !== ""));
    await helm.must("upgrade", "espalier", chart, "-n", system, "--reuse-values");
    expect(bundleOf(await plane.api.get(ref))).toBe(before);
  });

  it("was never refused anything, and logged no error", () => {
    const refused = plane.audit
      .since(0, { user })
      .filter(({ responseStatus }) => responseStatus?.code === 403);
    expect(refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
    expect(operator.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("asked for nearly everything that it is granted", async () => {
    const events = plane.audit.since(0, { user });
    const used = new Set(
      events.map(({ verb, objectRef }) => {
        const { apiGroup = "", resource, subresource } = objectRef ?? {};
        return `${verb} ${apiGroup}/${resource}${subresource ? `/${subresource}` : ""}`;
      }),
    );
    const idle = (await rightsAll()).filter((right) => !used.has(right));
    // What v1 made is adopted (get, update), and what is stale or on its way out is read (get).
    const rare =
      /^(get|update|delete|create|patch) (apps|autoscaling|policy|keda\.sh|networking\.istio\.io|getambassador\.io|gateway\.networking\.k8s\.io|)\//;
    expect(idle.filter((right) => !rare.test(right))).toEqual([
      "get machinelearning.seldon.io/seldondeployments",
      "update machinelearning.seldon.io/seldondeployments/finalizers",
    ]);
  });
});

describe("helm uninstall", () => {
  it("leaves the CRD and every deployment where they are, and a new install takes them on", async () => {
    const namespace = await plane.namespace();
    const target = sdep(namespace, "kept");
    await plane.api.apply(manifestOf(target, [predictorOf()]));
    await plane.api.until(target, isTrueOf("DeploymentsReady"));
    expect(await operator.end()).toBe(0);
    const ready = await plane.api.get(target); // it may have said more before it ended

    await helm.must("uninstall", "espalier", "-n", system);
    await plane.api.untilGone(deploymentAt(system, "seldon-controller-manager"));
    const left = await plane.api.get(target);
    expect(left.metadata.uid).toBe(ready.metadata.uid);
    expect(valueAt(left, "status")).toEqual(valueAt(ready, "status"));
    await plane.api.get(deploymentAt(namespace, "kept-main-0-model"));

    await helm.must("install", "espalier", chart, "-n", system, ...set);
    operator = await startAsInstalled();
    await operator.logged("working");
    expect((await plane.api.get(target)).metadata.uid).toBe(ready.metadata.uid);
    expect(await operator.end()).toBe(0);
  });
});

const isTrueOf =
  (type: string) =>
  (one: KubernetesObject): boolean =>
    isTrue(one, type);
