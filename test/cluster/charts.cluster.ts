/** The charts, by the real Helm: every object against the schema of a real API server. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  configurationName,
  webhookConfiguration,
} from "../../operator/admission/webhook-configuration.ts";
import type { Given } from "./support/api.ts";
import { type ChartSite, openChartSite } from "./support/chart-site.ts";
import type { Cluster } from "./support/cluster.ts";
import { chartFolder, type Helm } from "./support/helm.ts";
import { type ChartValues, chartRights, type Rule, rightsOf } from "./support/operator-roles.ts";

let site: ChartSite;
let cluster: Cluster;
let namespace: string;
let helm: Helm;

beforeAll(async () => {
  site = await openChartSite();
  ({ cluster, namespace, helm } = site);
});
afterAll(() => site.close());

/** Kinds of add-ons whose CRDs are not here. */
const elsewhere = ["cert-manager.io/", "monitoring.coreos.com/"];

const isHere = ({ apiVersion }: Given): boolean =>
  !elsewhere.some((group) => apiVersion.startsWith(group));

/** What the API server says against an object; undefined: nothing. */
const refusalOf = async (object: Given): Promise<string | undefined> => {
  const scoped = { ...object, metadata: { namespace, ...object.metadata } };
  const warnings: string[] = [];
  const options = { dryRun: true, force: true, fieldValidation: "Strict" } as const;
  try {
    await cluster.api.apply(scoped, { ...options, onWarning: (text) => warnings.push(text) });
  } catch (error) {
    return `${object.kind} ${object.metadata.name}: ${error}`;
  }
  return warnings.length === 0 ? undefined : `${object.kind}: ${warnings.join("; ")}`;
};

const nothing: readonly string[] = [];

const matrix: readonly { readonly name: string; readonly set: readonly string[] }[] = [
  { name: "defaults", set: nothing },
  { name: "one namespace", set: ["singleNamespace=true"] },
  { name: "an id", set: ["controllerId=team-a"] },
  { name: "kubeflow", set: ["kubeflow=true"] },
  { name: "no webhook", set: ["webhook.enabled=false"] },
  { name: "a webhook of its own making", set: ["managerCreateResources=true"] },
  {
    name: "its own making in one namespace",
    set: ["managerCreateResources=true", "singleNamespace=true"],
  },
  { name: "cert-manager", set: ["certManager.enabled=true"] },
  { name: "OpenShift", set: ["managerUserID=", "defaultUserID=", "executor.user="] },
  {
    name: "every ingress",
    set: ["istio.enabled=true", "ambassador.enabled=true", "gatewayApi.enabled=true"].concat(
      "gatewayApi.gateway=infra/models",
      "istio.tlsMode=ISTIO_MUTUAL",
      "keda.enabled=true",
    ),
  },
  {
    name: "monitors",
    set: ["serviceMonitor.enabled=true", "podMonitor.enabled=true", "podMonitor.labels.a=b"],
  },
  {
    name: "nothing that can be left out",
    set: ["rbac.create=false", "serviceAccount.create=false", "crd.create=false"].concat(
      "configMap.create=false",
      "podDisruptionBudget.enabled=false",
      "networkPolicy.enabled=false",
      "webhook.enabled=false",
      "manager.replicas=1",
      "manager.preStopSleepSecs=0",
    ),
  },
  {
    name: "everything that can be told",
    set: [
      "imagePullSecrets[0].name=registry",
      "image.tag=next",
      "manager.annotations.a=b",
      "manager.labels.c=d",
      "manager.priorityClassName=system-cluster-critical",
      "manager.nodeSelector.disk=ssd",
      "manager.tolerations[0].operator=Exists",
      "manager.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution=null",
      "manager.topologySpreadConstraints[0].topologyKey=zone",
      "manager.topologySpreadConstraints[0].maxSkew=1",
      "manager.topologySpreadConstraints[0].whenUnsatisfiable=DoNotSchedule",
      "manager.extraEnv[0].name=RELATED_IMAGE_EXECUTOR",
      "manager.extraEnv[0].value=x:1",
      "manager.extraArgs[0]=--debug",
      "manager.cpuLimit=1",
      "serviceAccount.annotations.e=f",
      "crd.annotations.g=h",
      "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring",
    ],
  },
];

const flags = (set: readonly string[]): readonly string[] =>
  set.flatMap((one) => [
    one.includes("annotations") || one.includes("labels") ? "--set-string" : "--set",
    one,
  ]);

const textOf = (object: Given | undefined): string => JSON.stringify(object ?? null);

describe("charts/espalier-operator", () => {
  it("passes helm lint", async () => {
    await helm.must("lint", "--strict", chartFolder("espalier-operator"));
  });

  it.each(matrix)("renders what the API server takes: $name", async ({ set }) => {
    const objects = await helm.template("espalier-operator", namespace, ...flags(set));
    const refusals = await Promise.all(objects.filter(isHere).map(refusalOf));
    expect(refusals.filter((one) => one !== undefined)).toEqual([]);
  });

  it.each([
    { name: "defaults", set: nothing, charge: { watchNamespace: "", controllerId: "" } },
    { name: "an id", set: ["controllerId=x"], charge: { watchNamespace: "", controllerId: "x" } },
    {
      name: "one namespace",
      set: ["singleNamespace=true"],
      charge: { watchNamespace: "here", controllerId: "" },
    },
  ])("asks about what the operator reconciles: $name", async ({ set, charge }) => {
    const objects = await helm.template("espalier-operator", "here", ...flags(set));
    const [found] = objects.filter(({ metadata }) => metadata.name === configurationName("here"));
    const made = webhookConfiguration({ ...charge, namespace: "here", port: 0 }, undefined);
    expect(found?.["webhooks"]).toEqual(made["webhooks"]);
  });

  const roles: readonly {
    readonly name: string;
    readonly set: readonly string[];
    readonly values: ChartValues;
  }[] = [
    { name: "defaults", set: nothing, values: {} },
    { name: "Istio", set: ["istio.enabled=true"], values: { on: ["istio"] } },
    { name: "KEDA", set: ["keda.enabled=true"], values: { on: ["keda"] } },
    { name: "Ambassador", set: ["ambassador.enabled=true"], values: { on: ["ambassador"] } },
    {
      name: "the Gateway API",
      set: ["gatewayApi.enabled=true", "gatewayApi.gateway=infra/models"],
      values: { on: ["gatewayApi"] },
    },
    { name: "one namespace", set: ["singleNamespace=true"], values: { singleNamespace: true } },
    {
      name: "one namespace without a webhook",
      set: ["singleNamespace=true", "webhook.enabled=false"],
      values: { singleNamespace: true, webhook: "none" },
    },
    { name: "no webhook", set: ["webhook.enabled=false"], values: { webhook: "none" } },
    {
      name: "cert-manager",
      set: ["certManager.enabled=true"],
      values: { webhook: "cert-manager" },
    },
    {
      name: "a webhook of its own making",
      set: ["managerCreateResources=true"],
      values: { webhook: "managed" },
    },
    { name: "no stores", set: ["rbac.configmap.create=false"], values: { stores: false } },
  ];

  it.each(roles)("grants what the operator uses, and no more: $name", async ({ set, values }) => {
    const objects = await helm.template("espalier-operator", namespace, ...flags(set));
    const granted = (kind: string): readonly string[] =>
      rightsOf(
        objects
          .filter((one) => one.kind === kind)
          .flatMap((role) => role["rules"] as readonly Rule[]), // as: of a role
      );
    const expected = chartRights(values);
    expect({ ClusterRole: granted("ClusterRole"), Role: granted("Role") }).toEqual(expected);
  });

  it("binds every role to its service account", async () => {
    const objects = await helm.template("espalier-operator", namespace);
    const names = (kind: string) =>
      objects.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
    for (const kind of ["Role", "ClusterRole"]) {
      const bindings = objects.filter((one) => one.kind === `${kind}Binding`);
      const bound = bindings.map((one) => (one["roleRef"] as { readonly name: string }).name); // as: of a binding
      expect(bound.sort()).toEqual(names(kind).sort());
      for (const one of bindings) expect(textOf(one)).toContain('"name":"seldon-manager"');
    }
  });

  it("takes pods that the restricted standard takes", async () => {
    const objects = await helm.template("espalier-operator", namespace);
    const [deployment] = objects.filter(({ kind }) => kind === "Deployment");
    const template = deployment?.["spec"] as { readonly template: Given }; // as: a Deployment has one
    const pod = { ...template.template, apiVersion: "v1", kind: "Pod" };
    const metadata = { ...pod.metadata, name: "manager", namespace };
    const account = { apiVersion: "v1", kind: "ServiceAccount" };
    await cluster.api.create({ ...account, metadata: { name: "seldon-manager", namespace } });
    await cluster.api.create({ ...pod, metadata }, { dryRun: true, fieldValidation: "Strict" });
  });

  it.each([
    ["manager.replicas=two", "/manager/replicas"],
    ["istio.enabled=yess", "/istio/enabled"],
    ["metrics.port=99999", "/metrics/port"],
    ["webhook.failurePolicy=Maybe", "/webhook/failurePolicy"],
    ["manager.cpuLimit=lots", "/manager/cpuLimit"],
    ["predictor_servers.X.image=y", "/predictor_servers/X"],
    ["manger.replicas=1", "manger"],
  ])("refuses %s, and says where", async (word, where) => {
    const chart = chartFolder("espalier-operator");
    const { code, stderr } = await helm.run(["template", "release", chart, "--set", word]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(where);
  });

  it("takes what seldon-core-operator was told", async () => {
    const objects = await helm.template(
      ...(["espalier-operator", namespace, "--set", "usageMetrics.enabled=true"] as const),
      ...["--set", "crd.forceV1=true", "--set", "executor.image.tag=next"],
    );
    const [deployment] = objects.filter(({ kind }) => kind === "Deployment");
    expect(textOf(deployment)).toContain("docker.io/espalier/espalier:next");
  });
});
