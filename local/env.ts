/** The environment that a container would have in its pod, as far as this machine can tell. */
import type { Issue } from "../api/result.ts";
import type { Container, EnvVar } from "../api/types.ts";
import type { Workload } from "../operator/render/workload.ts";
import { expand } from "./expand.ts";

export type Variables = {
  readonly values: ReadonlyMap<string, string>;
  /** What cannot be known here. */
  readonly issues: readonly Issue[];
};

/** What of its pod a container may ask for. */
export type PodFacts = Pick<Workload, "name" | "labels" | "annotations" | "spec"> & {
  readonly namespace: string;
};

/** Where a user wrote the environment of a container, so that issues lead there. */
export type Written = { readonly path: string; readonly env: readonly EnvVar[] };

/** Evaluates `env` in order: a value may use the names before it. Source: core/v1 EnvVar. */
export const variablesOf = (container: Container, pod: PodFacts, written: Written): Variables => {
  const { path } = written;
  const values = new Map<string, string>();
  const issues: Issue[] = [];
  for (const [i, source] of (container.envFrom ?? []).entries()) {
    const reference = source.secretRef ?? source.configMapRef;
    if (reference?.optional) continue;
    const what = source.secretRef ? "Secret" : "ConfigMap";
    issues.push({ path: `${path}.envFrom[${i}]`, message: missing(what, reference?.name) });
  }
  for (const entry of container.env ?? []) {
    const value = evaluate(entry, pod, values);
    if (typeof value === "string") values.set(entry.name, value);
    else if (value !== undefined) {
      const i = written.env.findLastIndex(({ name }) => name === entry.name);
      issues.push({ path: `${path}.env[${i}].valueFrom`, message: value.fault });
    }
  }
  return { values, issues };
};

type Value = string | { readonly fault: string } | undefined;

const evaluate = (
  { name, value, valueFrom }: EnvVar,
  pod: PodFacts,
  values: ReadonlyMap<string, string>,
): Value => {
  if (valueFrom === undefined) return expand(value ?? "", values);
  const { fieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
  if (fieldRef !== undefined) {
    const fact = factOf(fieldRef.fieldPath, pod);
    const fault = `${fieldRef.fieldPath} is not known on this machine; give ${name} a value instead`;
    return fact ?? { fault };
  }
  if (secretKeyRef?.optional || configMapKeyRef?.optional) return undefined;
  if (secretKeyRef) return { fault: missing("Secret", secretKeyRef.name) };
  if (configMapKeyRef) return { fault: missing("ConfigMap", configMapKeyRef.name) };
  return { fault: `is not known on this machine; give ${name} a value instead` };
};

const missing = (what: string, name = ""): string =>
  `there is no ${what} "${name}" on this machine; write the variable with a value instead`;

/** Source: Kubernetes, core/v1 EnvVarSource (`fieldRef`). */
const factOf = (fieldPath: string, pod: PodFacts): string | undefined => {
  const keyed = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(fieldPath);
  if (keyed !== null) {
    const words = keyed[1] === "labels" ? pod.labels : pod.annotations;
    return words[keyed[2] ?? ""] ?? "";
  }
  switch (fieldPath) {
    case "metadata.name":
      return pod.name;
    case "metadata.namespace":
      return pod.namespace;
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? "default";
    case "spec.nodeName":
      return "localhost";
    case "status.podIP":
    case "status.podIPs":
    case "status.hostIP":
    case "status.hostIPs":
      return "127.0.0.1";
    default:
      return undefined;
  }
};

/** Annotations as the kubelet writes them. Source: engine contract, 1.5. */
export const podinfoText = (annotations: Readonly<Record<string, string>>): string =>
  Object.entries(annotations)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}\n`)
    .join("");
