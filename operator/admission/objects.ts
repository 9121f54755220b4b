/** What the webhook asks of Kubernetes: single objects by name, written whole. */
import type { KubernetesObject, Ref } from "../render/object.ts";

export interface Objects {
  /** The live object. Undefined: there is none. `namespace` is empty where the kind has none. */
  read(ref: Ref): Promise<KubernetesObject | undefined>;
  /** @throws {ClusterError} EXISTS when somebody was faster. */
  create(object: KubernetesObject): Promise<void>;
  /**
   * Writes the object in the place of the one of the same resourceVersion.
   *
   * @throws {ClusterError} CONFLICT when somebody was faster, NOT_FOUND when it has gone.
   */
  replace(object: KubernetesObject): Promise<void>;
}
