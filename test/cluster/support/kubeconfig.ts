import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeClientPair, pairPaths, type Subject } from "./certificates.ts";

const base64 = (path: string): string => readFileSync(path).toString("base64");

/** Writes a kubeconfig for a user with a certificate of its own, and answers its path. */
export const writeKubeconfig = async (
  folder: string,
  url: string,
  subject: Subject,
): Promise<string> => {
  const file = `client-${subject.name.replaceAll(/[^\w-]/g, "-")}`;
  await makeClientPair(folder, file, subject);
  const { certificate, key } = pairPaths(folder, file);
  const path = join(folder, `${file}.kubeconfig`);
  const cluster = {
    server: url,
    "certificate-authority-data": base64(pairPaths(folder, "ca").certificate),
  };
  const user = {
    "client-certificate-data": base64(certificate),
    "client-key-data": base64(key),
  };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "user", user }],
    contexts: [{ name: "test", context: { cluster: "test", user: "user" } }],
    "current-context": "test",
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 }); // JSON is YAML
  return path;
};
