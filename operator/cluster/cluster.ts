/**
 * Everything the operator may ask of Kubernetes. `kube.ts` asks an API server, `memory.ts` is a
 * cluster in memory; both pass `test/operator/cluster/contract.ts`.
 *
 * Objects are plain JSON. What comes from a watch cache is never changed by anybody.
 */
import type { KubernetesObject, Ref } from "../render/object.ts";

export interface Cluster {
  /** Whether the API server serves the kind now; those of add-ons come and go with their CRDs. */
  serves(kind: Pick<Ref, "apiVersion" | "kind">): boolean;
  /** The live object, asked of the server. Undefined: there is none. */
  read(ref: Ref): Promise<KubernetesObject | undefined>;
  /** The objects of a kind in a namespace that carry these labels, asked of the server. */
  list(
    kind: Pick<Ref, "apiVersion" | "kind" | "namespace">,
    labels: Readonly<Record<string, string>>,
  ): Promise<readonly KubernetesObject[]>;
  /** A SeldonDeployment as last seen by the watch. */
  deployment(namespace: string, name: string): KubernetesObject | undefined;
  /** All SeldonDeployments as last seen by the watch: what to go through when a setting changes. */
  deployments(): readonly KubernetesObject[];
  /** A Namespace as last seen by the watch; undefined where the operator looks at one alone. */
  namespace(name: string): KubernetesObject | undefined;
  /**
   * All objects of the rendered kinds whose controller is the owner with this uid, as last seen by
   * the watches: also those that another operator made before us. What this process wrote is seen
   * at once.
   */
  owned(uid: string): readonly KubernetesObject[];
  /** Server-side apply under our field manager, by force; answers what is live then. */
  apply(object: KubernetesObject): Promise<KubernetesObject>;
  /**
   * Makes a live object that we have never applied ours: our fields in the place of those that
   * others wrote, so that what we stop applying goes. Replicas and cluster addresses stay.
   * Source: design 5.2.2.
   */
  adopt(live: KubernetesObject, object: KubernetesObject): Promise<KubernetesObject>;
  /** Keeps the live number of replicas when we stop applying one. Source: design 5.2.3. */
  handOverReplicas(live: KubernetesObject): Promise<void>;
  /**
   * Deletes this very object (its uid is a precondition); not finding it is success. Dependents go
   * too, before it (foreground), unless they are to be orphaned.
   */
  remove(object: KubernetesObject, dependents?: "foreground" | "orphan"): Promise<void>;
  /** Replaces the status of a SeldonDeployment, if it is still the same generation of the same uid. */
  report(deployment: KubernetesObject, status: object): Promise<void>;
  /** Tells people; a loss is logged and never an error. Repeated ones are counted, not repeated. */
  tell(event: ClusterEvent): void;
}

/**
 * Called whenever a SeldonDeployment is worth another look: itself, an object that it controls, its
 * Namespace or the kinds that the server serves have changed. Must only take note of the key.
 */
export type Changed = (namespace: string, name: string) => void;

/** A sentence about a SeldonDeployment. Source: operator contract, 8.3. */
export type ClusterEvent = {
  readonly about: KubernetesObject;
  readonly type: "Normal" | "Warning";
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
};

/** Source: Kubernetes API conventions, "Response Status Kind". */
export type ClusterErrorCode =
  /** 409: somebody else was faster. Try again at once. */
  | "CONFLICT"
  /** 409 AlreadyExists, or a uid that has changed. */
  | "EXISTS"
  /** 403: our role lacks a verb. */
  | "FORBIDDEN"
  /** 403 with cause NamespaceTerminating. */
  | "NAMESPACE_TERMINATING"
  /** 404 of a kind or a namespace. */
  | "NOT_FOUND"
  /** 400, 422: the server refuses the object; a retry of the same cannot help. */
  | "INVALID"
  /** No answer, 429, 5xx, a deadline: a retry may help. */
  | "UNAVAILABLE";

export class ClusterError extends Error {
  readonly code: ClusterErrorCode;

  /** `attempted`: "apply Deployment ns1/x"; `reason`: what the server says, if it says anything. */
  constructor(code: ClusterErrorCode, attempted: string, reason: string, cause?: unknown) {
    super(`cannot ${attempted}: ${reason}`, { cause });
    this.name = "ClusterError";
    this.code = code;
  }
}
