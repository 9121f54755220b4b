/** The built-in nodes of a plan: made once, whatever the transports that their messages come over. */
import type { Plan, PlanUnit } from "../api/plan.ts";
import type { NodeMeasures } from "./metrics.ts";
import type { Means } from "./nodes/definition.ts";
import type { BuiltInNode } from "./nodes/node.ts";
import { type Definitions, loadDefinitions } from "./nodes/registry.ts";

/** Units that have a container beside their implementation are in it too: it decides their routes. */
export type BuiltIns = ReadonlyMap<PlanUnit, BuiltInNode>;

/** What the nodes of a plan are made by, loaded. */
export const loadBuiltIns = ({ graph }: Plan): Promise<Definitions> =>
  loadDefinitions(new Set(unitsBelow(graph).map(({ implementation = "" }) => implementation)));

export const makeBuiltIns = (
  { graph }: Plan,
  definitions: Definitions,
  means: Pick<Means, "random" | "now" | "store" | "readFile">,
): BuiltIns =>
  new Map(
    unitsBelow(graph).flatMap((unit) => {
      const make = definitions.get(unit.implementation ?? "");
      if (make === undefined) return [];
      const branches = unit.children.map(({ name }, index) => ({ index, name }));
      const { name, type, parameters } = unit;
      const node = make({ ...means, name, type, parameters, branches });
      return [[unit, node] as const];
    }),
  );

/** What nodes have learned, by their names. */
export const learnedOf = (builtIns: BuiltIns): object =>
  Object.fromEntries(
    [...builtIns].flatMap(([{ name, implementation }, { describe }]) =>
      describe === undefined ? [] : [[name, { implementation, ...describe() }]],
    ),
  );

/** What nodes measure, for a scrape. */
export const measuresOf = (builtIns: BuiltIns): readonly NodeMeasures[] =>
  [...builtIns].flatMap(([{ name }, { measures }]) =>
    measures === undefined ? [] : [{ node: name, measures: measures() }],
  );

const unitsBelow = (unit: PlanUnit): readonly PlanUnit[] => [
  unit,
  ...unit.children.flatMap(unitsBelow),
];
