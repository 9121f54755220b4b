/** What v1 does not say about a graph, and its author wants to know. */

import { builtInRow } from "../built-ins/all.ts";
import { findContainer, protocolOf } from "../deployment.ts";
import { isCustom, isPrepackaged, locate } from "../graph.ts";
import { at, item } from "../path.ts";
import { serverImage } from "../prepackaged.ts";
import { maxChildLevels } from "../schema.ts";
import type { PredictiveUnit } from "../types.ts";
import { type Check, fault, perPredictor, warning } from "./check.ts";
import { perUnit } from "./graph.ts";

const does = (unit: PredictiveUnit, type: string, method: string): boolean =>
  unit.type === type || (unit.methods?.includes(method) ?? false);

const isRouting = (unit: PredictiveUnit): boolean =>
  does(unit, "ROUTER", "ROUTE") || builtInRow(unit.implementation)?.kind === "router";

const isCombining = (unit: PredictiveUnit): boolean =>
  does(unit, "COMBINER", "AGGREGATE") || builtInRow(unit.implementation)?.kind === "combiner";

/** A graph is a root and ten levels of children. Source: operator contract, 1.1. */
export const graphIsShallow: Check = perPredictor((predictor, path) => {
  const levelOf = (where: string): number => where.split(".children[").length - 1;
  const deepest = locate(predictor.graph, at(path, "graph")).find(
    (located) => levelOf(located.path) > maxChildLevels,
  );
  if (deepest === undefined) return [];
  const message =
    `is deeper than the root and ${maxChildLevels} levels of children; ` +
    "split the graph into two deployments, or do two steps in one container";
  return [fault(deepest.path, message)];
});

/** Two nodes of one name share a container, and only the first of them is addressed. */
export const nodeNamesAreUnique: Check = perPredictor((predictor, path) => {
  const seen = new Map<string, string>();
  return locate(predictor.graph, at(path, "graph")).flatMap(({ unit, path: where }) => {
    const earlier = seen.get(unit.name);
    if (unit.name === "") return [];
    seen.set(unit.name, earlier ?? where);
    if (earlier === undefined) return [];
    const message =
      `"${unit.name}" is the name of ${earlier} too, and only the first one gets addressed; ` +
      "rename one";
    return [warning(at(where, "name"), message)];
  });
});

/** A built-in A/B test without weights chooses between two. Source: engine contract, 6.8. */
export const abTestHasTwoChildren: Check = perUnit(({ unit, path }) => {
  const children = unit.children?.length ?? 0;
  const isWeighted = unit.parameters?.some(({ name }) => name === "weights");
  if (unit.implementation !== "RANDOM_ABTEST" || isWeighted || children === 2) return [];
  const message =
    children < 2
      ? `has ${children} of the two nodes that RANDOM_ABTEST chooses between; add what is missing`
      : `has ${children} nodes, but RANDOM_ABTEST chooses between the first two; remove the others, or write weights`;
  return [warning(at(path, "children"), message)];
});

/** Routers and combiners work on children; children need one of them. Source: engine contract, 6.4-6.5. */
export const childrenFitTheNode: Check = perUnit(({ unit, path }) => {
  const children = unit.children?.length ?? 0;
  if (unit.implementation === "RANDOM_ABTEST" || builtInRow(unit.implementation)?.children) {
    return []; // checks of their own
  }
  if (children === 0 && (isRouting(unit) || isCombining(unit))) {
    const message = `is empty, so this ${isRouting(unit) ? "router" : "combiner"} does nothing; add nodes`;
    return [warning(at(path, "children"), message)];
  }
  if (children > 1 && !isRouting(unit) && !isCombining(unit)) {
    const message =
      "has several nodes with no router or combiner above them: all are called, and only the " +
      "answer of the first is used; put a COMBINER or ROUTER above them";
    return [warning(at(path, "children"), message)];
  }
  return [];
});

/** A node with an explicit "nothing" for type and methods is not made a MODEL. Source: operator contract, 2, step 3. */
export const nodeIsCalled: Check = perUnit(({ unit, path }) => {
  const { type, methods, implementation } = unit;
  const isDefaulted = !type && methods === undefined && !implementation;
  if (!isCustom(unit) || type || methods?.length || isDefaulted) return [];
  return [
    warning(
      at(path, "type"),
      "is missing and there are no methods, so the node is never called; write type: MODEL",
    ),
  ];
});

/** A prepackaged server has an image for the protocol. Source: operator contract, 7.2. */
export const serverHasImage: Check = perUnit(
  ({ unit, path, predictor }, { deployment, settings }) => {
    const { implementation } = unit;
    if (implementation === undefined || !isPrepackaged(unit)) return [];
    if (!Object.hasOwn(settings.predictorServers, implementation)) return [];
    if (findContainer(predictor, unit.name)?.container.image) return [];
    const protocol = protocolOf(deployment);
    if (serverImage(settings, implementation, protocol) !== undefined) return [];
    const message =
      `${implementation} has no image for protocol ${protocol}; choose another protocol, ` +
      "or give the container an image";
    return [warning(at(path, "implementation"), message)];
  },
);

/** Source: operator contract, 1.2: how a value is read is said by its type. */
const forms: { readonly [type: string]: RegExp } = {
  INT: /^[+-]?\d+$/,
  FLOAT: /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(inf|infinity|nan)$/i,
  DOUBLE: /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(inf|infinity|nan)$/i,
  BOOL: /^(true|false|0|1)$/i,
};

/** A parameter's value can be read as its type. */
export const parameterFitsType: Check = perUnit(({ unit, path }) =>
  (unit.parameters ?? []).flatMap(({ value, type }, i) =>
    (forms[type]?.test(value) ?? true)
      ? []
      : [
          warning(
            at(item(at(path, "parameters"), i), "value"),
            `${JSON.stringify(value)} cannot be read as ${type}; mend the value or its type`,
          ),
        ],
  ),
);

/** An explainer's first parameters are JSON. Source: operator contract, 1.2. */
export const explainerParametersAreJson: Check = perPredictor(({ explainer }, path) => {
  if (!explainer?.initParameters) return [];
  try {
    JSON.parse(explainer.initParameters);
    return [];
  } catch {
    const message = "is not JSON; write a JSON object in quotes";
    return [warning(`${path}.explainer.initParameters`, message)];
  }
});
