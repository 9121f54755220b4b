/** The built-in nodes of a plan: made once, whatever the transports that their messages come over. */
import type { Plan, PlanUnit } from "../api/plan.ts";
import type { Means } from "./nodes/definition.ts";
import type { BuiltInNode } from "./nodes/node.ts";
import { definitionOf } from "./nodes/registry.ts";

/** Units that have a container beside their implementation are in it too: it decides their routes. */
export type BuiltIns = ReadonlyMap<PlanUnit, BuiltInNode>;

export const makeBuiltIns = (
  { graph }: Plan,
  means: Pick<Means, "random" | "now" | "store" | "readFile">,
): BuiltIns =>
  new Map(
    unitsBelow(graph).flatMap((unit) => {
      const make = definitionOf(unit.implementation);
      if (make === undefined) return [];
      const branches = unit.children.map(({ name }, index) => ({ index, name }));
      const { name, type, parameters } = unit;
      const node = make({ ...means, name, type, parameters, branches });
      return [[unit, node] as const];
    }),
  );

const unitsBelow = (unit: PlanUnit): readonly PlanUnit[] => [
  unit,
  ...unit.children.flatMap(unitsBelow),
];
