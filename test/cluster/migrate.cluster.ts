/** docs/migrate.md, command by command, on a cluster that Seldon Core 1.17 has at work. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readYaml } from "../../api/yaml.ts";
import { valueAt } from "../../operator/live.ts";
import type { KubernetesObject } from "../../operator/render/object.ts";
import { project } from "../local/harness.ts";
import { helmPath } from "./environment/helm.ts";
import { isTrue } from "./support/conditions.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { crdFile } from "./support/crd.ts";
import { installCrds } from "./support/crds.ts";
import { makeHelm } from "./support/helm.ts";
import { type Kubelet, playKubelet } from "./support/kubelet.ts";
import { startOperatorProcess } from "./support/operator.ts";
import {
  deploymentAt,
  manifestOf,
  predictorOf,
  sdep,
  serviceAt,
} from "./support/operator-manifests.ts";
import { actAsV1, reportAsV1, type V1Model } from "./support/operator-v1.ts";
import type { Target } from "./support/paths.ts";
import { startOwn } from "./support/shared.ts";

// biome-ignore lint/style/noProcessEnv: where Helm is
const env = process.env;

/** What of v1's chart matters here. Source: operator contract, 11.1. */
const writeStandIn = (folder: string): void => {
  mkdirSync(join(folder, "templates"), { recursive: true });
  writeFileSync(
    join(folder, "Chart.yaml"),
    "apiVersion: v2\nname: seldon-core-operator\nversion: 1.17.1\n",
  );
  writeFileSync(join(folder, "values.yaml"), "crd: {annotations: {}}\nistio: {enabled: false}\n");
  const head = "metadata:\n  name: seldondeployments.machinelearning.seldon.io\n";
  const annotations = "  annotations: {{ .Values.crd.annotations | toJson }}\n";
  const crd = readFileSync(crdFile, "utf8").replace(head, head + annotations);
  writeFileSync(join(folder, "templates/crd.yaml"), crd);
  const labels = "{control-plane: seldon-controller-manager}";
  writeFileSync(
    join(folder, "templates/rest.yaml"),
    `apiVersion: v1
kind: ConfigMap
metadata: {name: seldon-config}
data: {}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: seldon-controller-manager}
spec:
  selector: {matchLabels: ${labels}}
  template:
    metadata: {labels: ${labels}}
    spec: {containers: [{name: manager, image: "seldonio/seldon-core-operator:1.17.1"}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: seldon-validating-webhook-configuration-seldon-system}
webhooks: []
`,
  );
};

/** The commands of the page, by its numbered headings. */
const blocks = (standIn: string): readonly string[] =>
  [...readFileSync(join(project, "docs/migrate.md"), "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .map(([, block = ""]) => block)
    .map((block) => block.replace(/seldon-core-operator --repo \S+ --version \S+/, standIn));

let plane: ControlPlane;
let home: string;
let kubelet: Kubelet;
let model: V1Model;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  plane = await startOwn();
  home = mkdtempSync(join(tmpdir(), "espalier-migrate-"));
  mkdirSync(join(home, "bin"));
  symlinkSync(helmPath(env), join(home, "bin/helm"));
  symlinkSync(plane.site.binaries.kubectl, join(home, "bin/kubectl"));
  symlinkSync(join(project, "charts"), join(home, "charts"));
  writeFileSync(
    join(home, "bin/espalier"),
    `#!/bin/sh\nexec "${process.execPath}" "${join(project, "bin/main.ts")}" "$@"\n`,
    { mode: 0o755 },
  );
  writeStandIn(join(home, "v1"));
  await plane.installAddon("istio");
  kubelet = playKubelet(plane.api, {});
  const helm = makeHelm(plane, home);
  const where = ["-n", "seldon-system", "--create-namespace"];
  const istio = ["--set", "istio.enabled=true"];
  // Client-side, as Helm 3 did it.
  await helm.must(
    "install",
    "seldon-core",
    join(home, "v1"),
    ...where,
    ...istio,
    "--server-side=false",
  );
  const crds = readYaml(readFileSync(crdFile, "utf8")) as readonly KubernetesObject[]; // as: our own file
  await installCrds(plane.api, crds); // it is there; it may not be served yet
  const namespace = await plane.namespace();
  const owner = await plane.api.create(
    manifestOf(sdep(namespace, "iris"), [predictorOf({}, { replicas: 2 })]),
  );
  model = { owner, predictor: "main", container: "model", image: "none/of-it:1", replicas: 2 };
  await actAsV1(plane.api, model);
  await reportAsV1(plane.api, model, []);
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await kubelet.stop();
  await plane.stop();
  rmSync(home, { recursive: true });
});

const run = async (commands: string): Promise<string> => {
  const child = spawn("/bin/sh", ["-ec", commands], {
    cwd: home,
    env: { PATH: `${home}/bin:/usr/bin:/bin`, HOME: home, KUBECONFIG: plane.api.kubeconfig },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (code !== 0) throw new Error(`${commands}\nended with ${code}: ${errors}`);
  return out;
};

const uidOf = async (target: Target): Promise<string | undefined> =>
  (await plane.api.find(target))?.metadata.uid;

describe("docs/migrate.md", () => {
  it("takes a cluster over, and loses nothing", async () => {
    const { namespace = "" } = model.owner.metadata;
    const kept = [
      sdep(namespace, "iris"),
      deploymentAt(namespace, "iris-main-0-model"),
      serviceAt(namespace, "iris-main"),
    ];
    const before = await Promise.all(kept.map(uidOf));
    expect(before).not.toContain(undefined);
    const selector = async () =>
      valueAt(
        await plane.api.get(deploymentAt(namespace, "iris-main-0-model")),
        "spec",
        "selector",
      );
    const selected = await selector();

    for (const block of blocks(join(home, "v1"))) {
      if (block.startsWith("kubectl wait seldondeployments")) {
        const operator = startOperatorProcess({
          api: plane.api,
          namespace: "espalier-system",
          isClusterWide: true,
          env: { DEFAULT_USER_ID: "8888", EXECUTOR_CONTAINER_USER: "8888", ISTIO_ENABLED: "true" },
        });
        stops.push(() => operator.end());
      }
      await run(block);
    }

    expect(await Promise.all(kept.map(uidOf))).toEqual(before);
    expect(await selector()).toEqual(selected);
    expect(isTrue(await plane.api.get(sdep(namespace, "iris")), "Ready")).toBe(true);
    expect(await uidOf(deploymentAt("seldon-system", "seldon-controller-manager"))).toBeUndefined();
    const ours = await plane.api.get(deploymentAt("espalier-system", "seldon-controller-manager"));
    // v1's values came along.
    expect(JSON.stringify(ours)).toContain('{"name":"ISTIO_ENABLED","value":"true"}');
  });
});
