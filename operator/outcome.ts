/** What a pass over a deployment came to, and when the next one is due. */
import { textAt } from "./live.ts";
import type { Again } from "./queue.ts";
import type { KubernetesObject } from "./render/object.ts";

export type Key = { readonly namespace: string; readonly name: string };

/** Every outcome of a pass, as metrics count them. */
export const outcomeCodes = {
  GONE: "the deployment is not there (any more)",
  DELETING: "the deployment is being deleted: what it owns goes with it",
  TERMINATING: "its namespace is being deleted",
  FOREIGN: "it is another controller's: seldon.io/controller-id says so",
  REJECTED: "its manifest has faults; it waits for a change",
  FAULTY: "something keeps it from being brought about; tried again, ever more seldom",
  WAITING: "an object of its names is on its way out, or its namespace is not known yet",
  PROGRESSING: "all is applied, not all is ready",
  SETTLED: "all is ready",
  CONFLICT: "somebody else was faster; tried again at once",
  UNAVAILABLE: "the API server did not answer; tried again, ever more seldom",
  ERROR: "an error in the operator itself; the log has it",
} as const;

export type OutcomeCode = keyof typeof outcomeCodes;

export type Outcome = {
  readonly code: OutcomeCode;
  /** `state` of the status; undefined where there is none of ours. */
  readonly state?: string;
  /** When something is due though nothing changes. */
  readonly againMs?: number;
};

/** Whether another pass is due without anything having changed. */
export const againAfter = ({ code, againMs }: Outcome, resyncMs: number): Again => {
  switch (code) {
    case "GONE":
    case "DELETING":
    case "TERMINATING":
      return { is: "never" };
    case "FOREIGN":
    case "REJECTED":
    case "PROGRESSING":
    case "SETTLED":
      return { is: "later", afterMs: Math.min(againMs ?? resyncMs, resyncMs) };
    case "FAULTY":
    case "WAITING":
    case "CONFLICT":
    case "UNAVAILABLE":
    case "ERROR":
      return { is: "backoff" };
  }
};

/** Source: operator contract, 8.1. */
export const controllerIdLabel = "seldon.io/controller-id";

/** Why a deployment is none of our business now. Source: operator contract, 8.1.1-3, 9.5. */
export const whySkipped = (
  manifest: KubernetesObject,
  namespace: KubernetesObject | undefined,
  controllerId: string,
): OutcomeCode | undefined => {
  if (manifest.metadata.deletionTimestamp !== undefined) return "DELETING";
  if (namespace !== undefined && isTerminating(namespace)) return "TERMINATING";
  if (idOf(namespace) !== "" || idOf(manifest) !== controllerId) return "FOREIGN";
  return undefined;
};

const idOf = (object: KubernetesObject | undefined): string =>
  object?.metadata.labels?.[controllerIdLabel] ?? "";

const isTerminating = (namespace: KubernetesObject): boolean =>
  namespace.metadata.deletionTimestamp !== undefined ||
  textAt(namespace, "status", "phase") === "Terminating";
