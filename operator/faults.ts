/** What keeps a deployment from being brought about, in words that say how to mend it. */
import type { Issue } from "../api/result.ts";
import { ClusterError } from "./cluster/cluster.ts";
import { nameOf, type Ref } from "./render/object.ts";

/** The reasons of the condition Ready when something must be mended, and what mends it. */
export const faultReasons = {
  InvalidSpec: "mend the fields that the message names; `espalier validate FILE` finds them too",
  NameTaken:
    "delete or rename the object that the message names, or give it the labels of the deployment to hand it over",
  Forbidden: "grant the operator's role the verb and resource that the message names",
  KindMissing:
    "install the add-on whose kind the message names, or switch it off in the operator's settings",
  SettingsUnreadable:
    "mend the ConfigMap seldon-config, which could not be read since the operator started",
  Refused: "the API server refuses an object: mend the field that it names",
  Unavailable: "none; the operator tries again until the API server and its webhooks answer",
} as const;

export type FaultReason = keyof typeof faultReasons;

export type Fault = {
  readonly reason: FaultReason;
  /** A sentence, the same in every pass while the fault lasts. */
  readonly message: string;
  /** The kind of the object that is at fault; undefined: the manifest. */
  readonly kind?: string;
};

export const invalidSpec = (issues: readonly Issue[]): readonly Fault[] =>
  issues.map(({ path, message }) => ({
    reason: "InvalidSpec",
    message: path === "" ? message : `${path}: ${message}`,
  }));

export const kindMissing = ({ apiVersion, kind }: Pick<Ref, "apiVersion" | "kind">): Fault => ({
  reason: "KindMissing",
  kind,
  message: `the cluster has no kind ${kind} of ${apiVersion}: install what brings it, or switch it off for the operator`,
});

export const nameTaken = (ref: Ref, why: string): Fault => ({
  reason: "NameTaken",
  kind: ref.kind,
  message: `${nameOf(ref)} is there and ${why}: delete or rename it`,
});

/** What a failed request means for a deployment; undefined: nothing, another try is enough. */
export const faultOf = (error: unknown, kind?: string): Fault | undefined => {
  if (!(error instanceof ClusterError)) return undefined;
  const { code, message } = error;
  const at = kind === undefined ? {} : { kind };
  switch (code) {
    case "FORBIDDEN":
      return { reason: "Forbidden", message, ...at };
    case "INVALID":
      return { reason: "Refused", message, ...at };
    case "NOT_FOUND":
      return { reason: "KindMissing", message, ...at };
    case "UNAVAILABLE":
      return { reason: "Unavailable", message, ...at };
    case "CONFLICT":
    case "EXISTS":
    case "NAMESPACE_TERMINATING":
      return undefined;
  }
};
