/**
 * The pods of a predictor: ports for every container, defaults for those of nodes, and containers
 * for prepackaged servers that have none.
 *
 * Source: operator contract, 2, steps 4 and 5, and 2.1-2.2.
 */

import { isDeepStrictEqual } from "node:util";
import { containersOf, findContainer } from "../deployment.ts";
import { isPrepackaged, walk } from "../graph.ts";
import { serverImage } from "../prepackaged.ts";
import type { Container, Endpoint, PredictiveUnit, SeldonPodSpec } from "../types.ts";
import { defaultContainer, endpointOf, newServerContainer } from "./container.ts";
import type { Context } from "./context.ts";

type Parts = {
  /** The predictor's name. */
  readonly predictor: string;
  readonly graph: PredictiveUnit;
  readonly components: readonly SeldonPodSpec[];
};

type Defaulted = {
  readonly components: readonly SeldonPodSpec[];
  readonly endpoints: ReadonlyMap<PredictiveUnit, Endpoint>;
};

export const defaultComponents = (parts: Parts, context: Context): Defaulted => {
  const endpoints = new Map<PredictiveUnit, Endpoint>();

  const settle = (unit: PredictiveUnit, container: Container, index: number): Container => {
    const reserved = context.ports.reserve(container.name);
    const settled = settledContainer(container, context.ports.nextMetrics, context);
    const lodging = { predictor: parts.predictor, index, reserved };
    endpoints.set(unit, endpointOf(unit, settled, lodging, context));
    return settled;
  };

  const firstOfName = new Map(
    [...walk(parts.graph)].reverse().map((unit) => [unit.name, unit] as const),
  );
  let components = parts.components.map((component, index) =>
    mapContainers(component, (container) => {
      const unit = firstOfName.get(container.name);
      if (unit !== undefined && index === 0 && isAdded(unit, container, context)) return container;
      context.ports.reserve(container.name);
      return unit === undefined ? container : settle(unit, container, index);
    }),
  );
  for (const unit of walk(parts.graph).filter(isPrepackaged)) {
    const found = findContainer({ componentSpecs: components }, unit.name);
    const index = found?.index ?? 0;
    const container = found?.container ?? newServerContainer(unit.name);
    const settled = withImage(unit, settle(unit, container, index), context);
    components = found ? replace(components, found, settled) : append(components, settled);
  }
  return { components, endpoints };
};

const settledContainer = (
  container: Container,
  nextMetrics: () => number,
  { settings }: Context,
): Container => defaultContainer(container, settings.metricsPortName, nextMetrics);

/** TensorFlow's own protocol is served by an image that rendering chooses, with its arguments. */
const withImage = (unit: PredictiveUnit, container: Container, context: Context): Container => {
  if (container.image || context.protocol === "tensorflow") return container;
  const image = serverImage(context.settings, unit.implementation ?? "", context.protocol);
  return image === undefined ? container : { ...container, image };
};

/**
 * Whether a container is one that an earlier pass added, untouched since. Its turn for a port comes
 * after the containers that a user wrote, as it did in that pass.
 */
const isAdded = (unit: PredictiveUnit, container: Container, context: Context): boolean => {
  if (!isPrepackaged(unit)) return false;
  const metrics = container.ports?.[0]?.containerPort ?? 0;
  const added = settledContainer(newServerContainer(unit.name), () => metrics, context);
  const { resources = {}, ...others } = container; // Go writes empty ones
  return (
    isDeepStrictEqual(resources, {}) && isDeepStrictEqual(others, withImage(unit, added, context))
  );
};

const mapContainers = (
  component: SeldonPodSpec,
  change: (container: Container) => Container,
): SeldonPodSpec =>
  component.spec === undefined
    ? component
    : {
        ...component,
        spec: { ...component.spec, containers: component.spec.containers.map(change) },
      };

const replace = (
  components: readonly SeldonPodSpec[],
  old: { readonly container: Container; readonly index: number },
  container: Container,
): SeldonPodSpec[] =>
  components.map((component, i) =>
    i === old.index
      ? mapContainers(component, (each) => (each === old.container ? container : each))
      : component,
  );

/** Adds a container to the first pod, which is made if there is none. */
const append = (components: readonly SeldonPodSpec[], container: Container): SeldonPodSpec[] => {
  const [first = {}, ...others] = components;
  const containers = [...containersOf(first), container];
  return [{ ...first, spec: { ...first.spec, containers } }, ...others];
};
