/** What we write on the objects that we apply, so that the next pass knows them again. */
import { digestOf } from "./digest.ts";
import type { KubernetesObject } from "./render/object.ts";
import type { Words } from "./render/subject.ts";

/** The digest of what we applied last. On metadata alone, never in a pod template. */
export const appliedAnnotation = "espalier.io/applied";
/** What an engine was started for; see `engine-basis.ts`. Source: design 5.2.7. */
export const engineBasisAnnotation = "espalier.io/engine-basis";
/** That ReplicaSets of a Deployment before this one are still to go. Source: design 5.2.6. */
export const replacesAnnotation = "espalier.io/replaces";
/** The label of those ReplicaSets: the name of the Deployment. */
export const replacedLabel = "espalier.io/replaced";
/** The numbers of a Service's ports while it has former ones beside those that are wanted. */
export const bothPortsAnnotation = "espalier.io/both-ports";
/** Until when a Service keeps former ports; see `former-ports.ts`. */
export const formerUntilAnnotation = "espalier.io/former-ports-until";
/** The predictors that a route leads to, separated by commas. */
export const routedAnnotation = "espalier.io/routed-to";

/** The object with these annotations beside its own. */
export const annotated = (object: KubernetesObject, words: Words): KubernetesObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...words } },
});

/** The object as it is applied. */
export const marked = (object: KubernetesObject): KubernetesObject =>
  annotated(object, { [appliedAnnotation]: digestOf(object) });

export const markOf = (object: KubernetesObject, annotation: string): string | undefined =>
  object.metadata.annotations?.[annotation];
