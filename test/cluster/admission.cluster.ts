/** The webhook before a real API server, with rights of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../api/settings.ts";
import { makeLog } from "../../host/log.ts";
import { type Admission, startAdmission } from "../../operator/admission/admission.ts";
import { secretName } from "../../operator/admission/certificate-secret.ts";
import { settleMs } from "../../operator/admission/keyring.ts";
import {
  configurationName,
  webhookConfiguration,
  webhookName,
} from "../../operator/admission/webhook-configuration.ts";
import { makeWireObjects } from "../../operator/admission/wire-objects.ts";
import { makeKubeWire } from "../../operator/cluster/kube.ts";
import type { Wire } from "../../operator/cluster/wire.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import { manifest } from "../api/manifest.ts";
import { rows } from "../api/rules.ts";
import { example, printed, roles } from "../docs/webhook.ts";
import { project } from "../local/harness.ts";
import { makeClock } from "../operator/admission/clock.ts";
import { untilActedUpon } from "./support/acted-upon.ts";
import type { Given } from "./support/api.ts";
import type { ApiError } from "./support/api-error.ts";
import { writeVerbs } from "./support/audit.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { installCrd } from "./support/crd.ts";
import { freePorts } from "./support/ports.ts";
import { startOwn } from "./support/shared.ts";

const log = makeLog("FATAL", new Writable({ write: (_line, _encoding, done) => done() }));
const userName = "webhook-operator";
const crdName = "seldondeployments.machinelearning.seldon.io";

/** A plane of its own: a configuration holds for the whole of it, and one test stops the webhook. */
let plane: ControlPlane;
/** Of the operator, and of the deployments. */
let home: string;
let namespace: string;
let wire: Wire;
let admission: Admission;
/** Of the webhook, and of one that makes its own configuration. */
let port: number;
let managedPort: number;

beforeAll(async () => {
  plane = await startOwn();
  [port = 0, managedPort = 0] = await freePorts(2);
  await installCrd(plane);
  [home, namespace] = [await plane.namespace(), await plane.namespace()];
  for (const object of rightsIn(home)) await plane.api.create(object);
  wire = makeKubeWire({ kubeconfig: (await plane.user({ name: userName })).kubeconfig });
});
afterAll(async () => {
  await admission?.close();
  wire?.close();
  await plane?.stop();
});

const options = () => ({
  ...{ namespace: home, watchNamespace: "", controllerId: "", isManaged: false },
  ...{ port: 0, host: "127.0.0.1", objects: makeWireObjects(wire), log },
  settings: () => defaultSettings,
});

const configuration = () => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  name: configurationName(home),
});

/** Leads the API server to this process: there is no network of pods here. */
const lead = async (): Promise<void> => {
  const { api } = plane;
  await api.apply({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "seldon-webhook-service", namespace: home },
    spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] },
  });
  const charge = { namespace: home, watchNamespace: "", controllerId: "", port };
  const live = await api.find(configuration());
  const made = webhookConfiguration(charge, undefined);
  const [webhook] = (live ?? made)["webhooks"] as readonly {
    readonly clientConfig: { readonly service: object };
  }[];
  const clientConfig = {
    ...webhook?.clientConfig,
    service: { ...webhook?.clientConfig.service, port },
  };
  const webhooks = [{ ...webhook, clientConfig }];
  await (live === undefined
    ? api.create({ ...made, webhooks })
    : api.replace({ ...live, webhooks }));
};

const named = (name: string, value: object = manifest()): Given => {
  const { metadata, ...rest } = JSON.parse(JSON.stringify(value));
  return { ...rest, metadata: { ...metadata, name, namespace } };
};

const refusalOf = (work: Promise<unknown>): Promise<ApiError> =>
  work.then(
    () => expect("accepted").toBe("refused"),
    (error) => error,
  );

/** One whose fault no schema finds: a node without its container. */
const withLooseShape = (object: Given): Given => ({
  ...object,
  spec: { predictors: [{ name: "default", graph: { name: "nowhere" } }] },
});

const isByWebhook = ({ message }: Error): boolean =>
  message.includes(`admission webhook "${webhookName}" denied`);

/** For busy machines. */
const limitMs = 120_000;

/** Resolves when the webhook is asked about this object, and trusted: what is written acts a moment later. */
const untilAsked = async (object = withLooseShape(named("probe"))): Promise<void> => {
  const limit = Date.now() + limitMs;
  for (;;) {
    const refused = await plane.api.create(object, { dryRun: true }).then(
      () => new Error("it was accepted"),
      (error: ApiError) => error,
    );
    if (isByWebhook(refused)) return;
    if (Date.now() > limit) throw refused;
    await setTimeout(50);
  }
};

const untilTaken = async (object: Given): Promise<void> => {
  const limit = Date.now() + limitMs;
  for (;;) {
    const refused = await plane.api.create(object, { dryRun: true }).then(
      () => undefined,
      (error: ApiError) => error,
    );
    if (refused === undefined) return;
    if (Date.now() > limit) throw refused;
    await setTimeout(50);
  }
};

describe("the webhook", () => {
  let odd: KubernetesObject;
  beforeAll(async () => {
    // Stored before there was a webhook.
    odd = await plane.api.create(withLooseShape(named("odd")));
    await lead();
    admission = await startAdmission({ ...options(), port });
    await untilAsked();
  });

  it("lets pass what is good, under a name that the server makes too", async () => {
    const { metadata, ...good } = named("good");
    await plane.api.create({ ...good, metadata });
    const path = `/apis/machinelearning.seldon.io/v1/namespaces/${namespace}/seldondeployments`;
    const body = { ...good, metadata: { generateName: "made-" } };
    expect(await plane.api.ask({ method: "POST", path, body })).toMatchObject({ status: 201 });
  });

  const bad = rows.filter(({ paths }) => paths.length > 0);
  it.each(bad)("refuses, or the schema before it: $name", async ({ value }) => {
    const refused = await refusalOf(plane.api.create(named("x", value), { dryRun: true }));
    expect(refused).toMatchObject({ status: 422, reason: "Invalid" });
    expect(refused.causes).not.toHaveLength(0);
  });

  it.each(["v1alpha2", "v1alpha3"])("judges what is written as %s", async (version) => {
    const apiVersion = `machinelearning.seldon.io/${version}`;
    const object = { ...withLooseShape(named("x")), apiVersion };
    const refused = await refusalOf(plane.api.create(object, { dryRun: true }));
    expect(refused.causes).toEqual([
      expect.objectContaining({ field: "spec.predictors[0].graph.name" }),
    ]);
    await plane.api.create({ ...named("x"), apiVersion }, { dryRun: true });
  });

  it("lets kubectl print every warning, and every fault with its field", async () => {
    const input = JSON.stringify(example);
    const printedHere = await plane.kubectl(["apply", "-n", namespace, "-f", "-"], { input });
    expect(printedHere).toEqual({ code: 1, stdout: "", stderr: printed });
  });

  it("judges updates", async () => {
    await plane.api.create(named("updated"));
    const target = { ...named("updated"), name: "updated", namespace };
    const patch = { spec: { transport: null, predictors: [{ name: "p", graph: { name: "x" } }] } };
    const refused = await refusalOf(plane.api.patch(target, patch));
    expect(refused.causes.map(({ field }) => field)).toEqual(["spec.predictors[0].graph.name"]);
  });

  it("locks nobody out of what was stored before", async () => {
    const { api } = plane;
    const target = { ...odd, name: "odd", namespace };
    const warnings: string[] = [];
    const onWarning = (text: string) => void warnings.push(text);
    await api.patch(target, { metadata: { labels: { team: "a" } } }, { onWarning });
    expect(warnings.join()).toContain("spec.predictors[0].graph.name");
    await api.patch(target, { status: { state: "Failed" } }, { subresource: "status" });
    const refused = await refusalOf(api.patch(target, { spec: { replicas: 2 } }));
    expect(refused).toMatchObject({ status: 422 });
    await api.patch(target, { metadata: { finalizers: ["example.com/held"] } });
    await api.remove(target);
    await api.patch(target, { metadata: { finalizers: null } });
    await api.untilGone(target);
  });

  it("judges nothing that carries the id of another operator", async () => {
    const labels = { "seldon.io/controller-id": "other" };
    const other = await plane.namespace(labels);
    const object = withLooseShape(named("x"));
    await plane.api.create({ ...object, metadata: { ...object.metadata, labels } });
    await plane.api.create({ ...object, metadata: { name: "x", namespace: other } });
  });

  it("finds everything by itself where the schema is as loose as v1's", async () => {
    const crd = await plane.api.get({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      name: crdName,
    });
    const loose = JSON.parse(JSON.stringify(crd), (key, value) =>
      looseners.includes(key) ? undefined : value,
    );
    await plane.api.replace(loose);
    await untilAsked(named("probe", manifest({ protocol: "grpc" })));
    const bySchema: string[] = [];
    for (const { name, value, paths } of bad) {
      const refused = await refusalOf(plane.api.create(named("mymodel", value), { dryRun: true }));
      expect(refused).toMatchObject({ status: 422, reason: "Invalid" });
      if (!isByWebhook(refused)) {
        bySchema.push(name);
        continue;
      }
      expect(refused.causes.map(({ field }) => field)).toEqual(paths);
      expect(new Set(refused.causes.map(({ reason }) => reason))).toEqual(
        new Set(["FieldValueInvalid"]),
      );
      for (const { message = "" } of refused.causes) expect(refused.message).toContain(message);
    }
    expect(bySchema).toEqual(["7 predictors missing"]);
  });

  it("is trusted again when its Secret was lost", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", namespace: home, name: secretName };
    const before = await plane.api.get(secret);
    await plane.api.remove(secret);
    await admission.close();
    admission = await startAdmission({ ...options(), port });
    await untilAsked();
    const after = await plane.api.get(secret);
    expect(after["data"]).not.toEqual(before["data"]);
  });

  it("is trusted all the time while its authority changes", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", namespace: home, name: secretName };
    const { api } = plane;
    await admission.close();
    await api.remove(secret);
    // What is renewed must be valid by the clock of the API server too, which is the real one.
    const clock = makeClock(3 * settleMs);
    admission = await startAdmission({ ...options(), port, clock });
    await untilAsked();
    const data = async () => (await api.get(secret))["data"] as Readonly<Record<string, string>>;
    const [first] = [await data(), await api.patch(secret, { data: { "ca.key": null } })];

    await clock.turn(0);
    const second = await data();
    expect(second["ca.crt"]).not.toBe(first["ca.crt"]);
    expect(second["tls.crt"]).toBe(first["tls.crt"]);
    await api.create(named("good-too"), { dryRun: true });
    await untilActedUpon(api, home); // which a day is enough for

    await clock.turn(settleMs);
    expect((await data())["tls.crt"]).not.toBe(first["tls.crt"]);
    // The API server has to connect anew, and is not given time.
    await admission.close();
    admission = await startAdmission({ ...options(), port });
    await api.create(named("good-too"), { dryRun: true });
  });

  it("writes nothing once all is as it should be", async () => {
    const mark = plane.audit.mark();
    await admission.close();
    admission = await startAdmission({ ...options(), port });
    expect(plane.audit.counts(mark, { user: userName, verbs: writeVerbs })).toEqual({});
    expect(admission.problem()).toBeUndefined();
  });

  it("shares one certificate among replicas that start together", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", namespace: home, name: secretName };
    await plane.api.remove(secret);
    const mark = plane.audit.mark();
    const replicas = await Promise.all([1, 2, 3].map(() => startAdmission(options())));
    const counts = plane.audit.counts(mark, { user: userName, verbs: ["create"] });
    await Promise.all(replicas.map((one) => one.close()));
    expect(replicas.map((one) => one.problem())).toEqual([undefined, undefined, undefined]);
    expect(counts["create secrets"]).toBeGreaterThan(0);
  });

  it("lets nothing pass while it is away, and the API server says why", async () => {
    await admission.close();
    const refused = await refusalOf(plane.api.create(named("late"), { dryRun: true }));
    expect(refused.message).toContain(`failed calling webhook "${webhookName}"`);
    admission = await startAdmission({ ...options(), port });
    await untilAsked();
    await plane.api.create(named("late"), { dryRun: true });
  });

  it("is served by espalier operator, by the settings of the cluster", async () => {
    const { api } = plane;
    await admission.close();
    const child = spawn(
      process.execPath,
      ["bin/main.ts", "operator", "--metrics-addr=0", `--webhook-port=${port}`],
      {
        cwd: project,
        env: {
          PATH: "/usr/bin:/bin",
          KUBECONFIG: api.kubeconfig,
          POD_NAMESPACE: home,
          ESPALIER_WEBHOOK_ENABLED: "true",
        },
        stdio: ["ignore", "ignore", "ignore"],
      },
    );
    try {
      await untilAsked();
      const graph = { name: "m", implementation: "MINE", modelUri: "gs://models/x" };
      const own = named("own", manifest({ predictors: [{ name: "default", graph }] }));
      const refused = await refusalOf(api.create(own, { dryRun: true }));
      expect(refused.causes.map(({ field }) => field)).toEqual([
        "spec.predictors[0].graph.implementation",
      ]);
      const server = { image: "example/mine", defaultImageVersion: "1" };
      const servers = JSON.stringify({ MINE: { protocols: { seldon: server } } });
      await api.create({
        ...{ apiVersion: "v1", kind: "ConfigMap" },
        metadata: { name: "seldon-config", namespace: home },
        data: { predictor_servers: servers },
      });
      await untilTaken(own);
    } finally {
      child.kill("SIGTERM");
    }
    expect(await once(child, "exit")).toEqual([0, null]);
    admission = await startAdmission({ ...options(), port });
  });

  it("makes its own Service and configuration, once, where it manages them", async () => {
    const service = { apiVersion: "v1", kind: "Service", namespace: home };
    await plane.api.remove({ ...service, name: "seldon-webhook-service" });
    await plane.api.remove(configuration());
    const start = () => startAdmission({ ...options(), isManaged: true, port: managedPort });
    const first = await start();
    const made = await plane.api.get(configuration());
    expect(made.metadata.ownerReferences).toMatchObject([{ name: crdName }]);
    const mark = plane.audit.mark();
    await first.close();
    const second = await start();
    await second.close();
    expect(plane.audit.counts(mark, { user: userName, verbs: writeVerbs })).toEqual({});
    // Owned by the CRD, it goes with it, and with it the need for a webhook.
    await plane.api.remove({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      name: crdName,
    });
    await plane.api.untilGone(configuration());
  });
});

/** What of a schema refuses more than v1's did. */
const looseners: readonly string[] = [
  ...["x-kubernetes-validations", "enum", "minItems", "maxItems", "minLength", "maxLength"],
  ...["minimum", "maximum", "pattern"],
];

/** What docs/webhook.md says that the operator must be allowed, and nothing more. */
const rightsIn = (where: string): readonly Given[] =>
  roles(where).flatMap((role) => {
    const { apiVersion, kind, metadata } = role;
    const apiGroup = "rbac.authorization.k8s.io";
    const subjects = [{ kind: "User", name: userName, apiGroup }];
    const roleRef = { apiGroup, kind, name: metadata.name };
    return [role, { apiVersion, kind: `${kind}Binding`, metadata, subjects, roleRef }];
  });
