import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { makeKube, makeKubeWire } from "../../../operator/cluster/kube.ts";

describe("makeKubeWire", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "espalier-kube-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const written = (text: string): string => {
    const file = join(folder, "config");
    writeFileSync(file, text);
    return file;
  };
  const config = (server: string, context = "c"): string =>
    JSON.stringify({
      ...{ apiVersion: "v1", kind: "Config", "current-context": context },
      clusters: [{ name: "k", cluster: { server, "insecure-skip-tls-verify": true } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    });

  it.each([
    { name: "is not there", file: () => join(folder, "absent") },
    { name: "is no YAML", file: () => written("{") },
    { name: "has no such context", file: () => written(config("https://127.0.0.1:1", "none")) },
  ])("says so when the kubeconfig $name", ({ file }) => {
    expect(() => makeKubeWire({ kubeconfig: file() })).toThrow(
      expect.objectContaining({ code: "INVALID" }),
    );
  });

  it("reaches for the server that it names", async () => {
    const kubeconfig = written(config("https://127.0.0.1:1"));
    const cluster = makeKube({ kubeconfig, namespace: "", identity: "one", changed: () => {} });
    const service = { apiVersion: "v1", kind: "Service", namespace: "ns1", name: "x" };
    await expect(cluster.read(service)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await cluster.close();
  });
});
