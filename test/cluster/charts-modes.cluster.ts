/**
 * Ways to install the chart, each with the operator at work by the rights that it grants there; the
 * commands of docs/tenants.md and docs/upgrade.md as they are written.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { configurationName } from "../../operator/admission/webhook-configuration.ts";
import { listAt, textAt } from "../../operator/live.ts";
import { project } from "../local/harness.ts";
import { helmPath } from "./environment/helm.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { installCrd } from "./support/crd.ts";
import { startInstalled } from "./support/installed-operator.ts";
import { type Kubelet, playKubelet } from "./support/kubelet.ts";
import type { Operator } from "./support/operator.ts";
import {
  deploymentAt,
  isSettled,
  manifestOf,
  predictorOf,
  sdep,
} from "./support/operator-manifests.ts";
import { startOwn } from "./support/shared.ts";

// biome-ignore lint/style/noProcessEnv: where Helm is
const env = process.env;

let plane: ControlPlane;
let home: string;
let kubelet: Kubelet;

beforeAll(async () => {
  plane = await startOwn();
  await installCrd(plane);
  home = mkdtempSync(join(tmpdir(), "espalier-modes-"));
  mkdirSync(join(home, "bin"));
  symlinkSync(helmPath(env), join(home, "bin/helm"));
  symlinkSync(plane.site.binaries.kubectl, join(home, "bin/kubectl"));
  symlinkSync(join(project, "charts"), join(home, "charts"));
  kubelet = playKubelet(plane.api, {});
});
afterAll(async () => {
  await kubelet.stop();
  await plane.stop();
  rmSync(home, { recursive: true });
});

const run = async (commands: string): Promise<void> => {
  const child = spawn("/bin/sh", ["-ec", commands], {
    cwd: home,
    env: { PATH: `${home}/bin:/usr/bin:/bin`, HOME: home, KUBECONFIG: plane.api.kubeconfig },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  if (code !== 0) throw new Error(`${commands}\nended with ${code}: ${errors}`);
};

/** Nobody reaches a webhook or becomes ready here: there are no nodes. */
const withoutNodes = (commands: string): string =>
  commands
    .replaceAll(" --wait", "")
    .replaceAll(/^(helm (?:install|upgrade) .*)$/gm, "$1 --set webhook.failurePolicy=Ignore");

/** The first commands of a page. */
const commandsOf = (page: string): string => {
  const [, block = ""] =
    /^```sh\n([\s\S]*?)^```$/m.exec(readFileSync(join(project, `docs/${page}.md`), "utf8")) ?? [];
  return withoutNodes(block);
};

const refusals = (system: string): readonly string[] =>
  plane.audit
    .since(0, { user: `system:serviceaccount:${system}:seldon-manager` })
    .filter(({ responseStatus }) => responseStatus?.code === 403)
    .map(({ verb, requestURI }) => `${verb} ${requestURI}`);

const endsWell = async (operator: Operator, system: string): Promise<void> => {
  expect(await operator.end()).toBe(0);
  expect(operator.lines.filter(({ level }) => level === "error")).toEqual([]);
  expect(refusals(system)).toEqual([]);
};

describe("docs/tenants.md", () => {
  it("gives a namespace an operator of its own, which looks nowhere else", async () => {
    await run(commandsOf("tenants"));
    const operator = await startInstalled(plane, { home, system: "team-a" });
    await operator.logged("working");
    const elsewhere = sdep(await plane.namespace(), "theirs");
    await plane.api.apply(manifestOf(elsewhere, [predictorOf()]));
    const target = sdep("team-a", "ours");
    await plane.api.apply(manifestOf(target, [predictorOf()]));
    await plane.api.until(target, isSettled);
    expect((await plane.api.get(elsewhere))["status"]).toBeUndefined();
    await endsWell(operator, "team-a");
  });
});

describe("docs/upgrade.md", () => {
  it("makes a newer release of the one that is there, and leaves deployments alone", async () => {
    const chart = "charts/espalier-operator";
    const where = "--namespace seldon-system --create-namespace --set crd.create=false";
    await run(withoutNodes(`helm install espalier ./${chart} ${where}`));
    const target = deploymentAt("team-a", "ours-main-0-model");
    const before = await plane.api.get(target);
    await run(commandsOf("upgrade"));
    expect((await plane.api.get(target)).metadata).toEqual(before.metadata);
  });
});

describe("managerCreateResources", () => {
  it("has the operator make the webhook's configuration and Service", async () => {
    const system = "making";
    const set = "--set managerCreateResources=true,crd.create=false,controllerId=making";
    await run(
      `helm install espalier ./charts/espalier-operator -n ${system} --create-namespace ${set}`,
    );
    const operator = await startInstalled(plane, { home, system });
    await operator.logged("working");
    const configuration = await plane.api.get({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      name: configurationName(system),
    });
    const [webhook] = listAt(configuration, "webhooks");
    expect(textAt(webhook, "clientConfig", "service", "namespace")).toBe(system);
    expect(textAt(webhook, "clientConfig", "caBundle")).not.toBe("");
    const service = { apiVersion: "v1", kind: "Service", name: "seldon-webhook-service" };
    await plane.api.get({ ...service, namespace: system });
    await endsWell(operator, system);
  });
});
