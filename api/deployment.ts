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

type Placed = { readonly container: Container; readonly index: number };

/** Every node of a graph looks for its container, and graphs may be large. */
const placed = new WeakMap<readonly SeldonPodSpec[], ReadonlyMap<string, Placed>>();

const placesOf = (components: readonly SeldonPodSpec[]): ReadonlyMap<string, Placed> => {
  const known = placed.get(components);
  if (known !== undefined) return known;
  const places = new Map<string, Placed>();
  components.forEach((component, index) => {
    for (const container of containersOf(component)) {
      if (!places.has(container.name)) places.set(container.name, { container, index });
    }
  });
  placed.set(components, places);
  return places;
};

/**
 * A container of a predictor with the index of its componentSpec; the first of that name. The
 * componentSpecs must not change afterwards.
 */
export const findContainer = (
  { componentSpecs }: { readonly componentSpecs?: readonly SeldonPodSpec[] },
  name: string,
): Placed | undefined =>
  componentSpecs === undefined ? undefined : placesOf(componentSpecs).get(name);
