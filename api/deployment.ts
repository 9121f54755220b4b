/** What the fields of a deployment mean, where the meaning is more than the field. */

import type {
  Container,
  Protocol,
  SeldonDeployment,
  SeldonPodSpec,
  ServerType,
  Transport,
} from "./types.ts";

type Spec = {
  readonly spec: Pick<
    SeldonDeployment["spec"],
    "protocol" | "transport" | "serverType" | "annotations"
  >;
};
type Annotated = {
  readonly annotations?: { readonly [key: string]: string };
};

/** Source, also of the next two: operator contract, 1.2. */
export const protocolOf = ({ spec }: Spec): Protocol => spec.protocol || "seldon";

export const transportOf = ({ spec }: Spec): Transport => spec.transport || "rest";

export const serverTypeOf = ({ spec }: Spec): ServerType => spec.serverType || "rpc";

const isTrue = (text: string | undefined): boolean => text?.toLowerCase() === "true";

/** An annotation of the deployment: that of `spec` wins over that of `metadata`. */
export const annotationOf = (
  deployment: Spec & { readonly metadata: Annotated },
  name: string,
): string | undefined =>
  deployment.spec.annotations?.[name] ?? deployment.metadata.annotations?.[name];

/** Whether engines run in pods of their own. Source: operator contract, 4.5. */
export const hasSeparateEngine = ({ spec }: Spec): boolean =>
  isTrue(spec.annotations?.["seldon.io/engine-separate-pod"]);

/** Source: operator contract, 4.6. */
export const noEngineAnnotation = "seldon.io/no-engine";

/** Whether a predictor is served by its container alone. */
export const hasNoEngine = (predictor: Annotated): boolean =>
  isTrue(predictor.annotations?.[noEngineAnnotation]);

/** The containers of a componentSpec; it may have none. */
export const containersOf = (component: SeldonPodSpec): readonly Container[] =>
  component.spec?.containers ?? [];

/** A container of a predictor with the index of its componentSpec; the first of that name. */
export const findContainer = (
  predictor: { readonly componentSpecs?: readonly SeldonPodSpec[] },
  name: string,
): { readonly container: Container; readonly index: number } | undefined => {
  for (const [index, component] of (predictor.componentSpecs ?? []).entries()) {
    const container = containersOf(component).find((candidate) => candidate.name === name);
    if (container !== undefined) return { container, index };
  }
  return undefined;
};
