/** A certificate authority for one control plane, through openssl. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const exec = promisify(execFile);

export type Pair = { readonly certificate: string; readonly key: string };

export type Subject = { readonly name: string; readonly groups?: readonly string[] };

const days = "30";

/** Paths of a pair in the folder of a control plane. */
export const pairPaths = (folder: string, name: string): Pair => ({
  certificate: join(folder, `${name}.crt`),
  key: join(folder, `${name}.key`),
});

export const readPair = (paths: Pair): Pair => ({
  certificate: readFileSync(paths.certificate, "utf8"),
  key: readFileSync(paths.key, "utf8"),
});

const openssl = async (args: readonly string[]): Promise<void> => {
  try {
    await exec("openssl", args);
  } catch (error) {
    throw new Error("openssl 3 is needed to make certificates, and failed", { cause: error });
  }
};

const newPair = (folder: string, file: string, subject: string): readonly string[] => {
  const { certificate, key } = pairPaths(folder, file);
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  return [
    "req",
    "-x509",
    ...curve,
    "-days",
    days,
    "-subj",
    subject,
    "-keyout",
    key,
    "-out",
    certificate,
  ];
};

const escaped = (word: string): string => word.replaceAll(/[\\/+=]/g, "\\$&");

/** CN is the user, each O a group. Source: Kubernetes documentation, "X.509 client certificates". */
const subjectOf = ({ name, groups = [] }: Subject): string =>
  [...groups.map((group) => `/O=${escaped(group)}`), `/CN=${escaped(name)}`].join("");

export const makeAuthority = (folder: string): Promise<void> =>
  openssl([
    ...newPair(folder, "ca", "/CN=espalier-test"),
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"],
  ]);

const usualNames = ["IP:127.0.0.1", "DNS:localhost", "DNS:kubernetes.default.svc"];

const signed = (folder: string): readonly string[] => {
  const { certificate, key } = pairPaths(folder, "ca");
  return ["-CA", certificate, "-CAkey", key, "-addext", "basicConstraints=critical,CA:FALSE"];
};

/** For servers on the loopback addresses, and those called otherwise: `IP:...` or `DNS:...`. */
export const makeServerPair = (
  folder: string,
  file: string,
  names: readonly string[] = [],
): Promise<void> =>
  openssl([
    ...newPair(folder, file, "/CN=kube-apiserver"),
    ...signed(folder),
    ...["-addext", "extendedKeyUsage=serverAuth"],
    ...["-addext", `subjectAltName=${[...usualNames, ...names].join(",")}`],
  ]);

export const makeClientPair = (folder: string, file: string, subject: Subject): Promise<void> =>
  openssl([
    ...newPair(folder, file, subjectOf(subject)),
    ...signed(folder),
    ...["-addext", "extendedKeyUsage=clientAuth"],
  ]);
