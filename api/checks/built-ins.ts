/** The parameters and children of built-in nodes, by their table. */

import { builtInRow } from "../built-ins/all.ts";
import { basic } from "../built-ins/basic.ts";
import { readParameters } from "../built-ins/read.ts";
import type { ParameterRow } from "../built-ins/table.ts";
import { at, item } from "../path.ts";
import type { PredictiveUnit } from "../types.ts";
import { type Check, type Finding, fault, warning } from "./check.ts";
import { perUnit } from "./graph.ts";

/** What v1 knows too is stored in clusters with such mistakes, and has to stay so. */
const findingOf = ({ implementation = "" }: PredictiveUnit): typeof fault =>
  Object.hasOwn(basic, implementation) ? warning : fault;

/** The parameters of a built-in node can be read, and fit its children. */
export const builtInParametersFit: Check = perUnit(({ unit, path }) => {
  const row = builtInRow(unit.implementation);
  if (row === undefined) return [];
  const finding = findingOf(unit);
  const read = readParameters(row, unit.parameters ?? []);
  const values = read.ok ? Object.entries<unknown>(read.value) : [];
  return [
    ...(read.ok ? [] : read.issues).map((one) => finding(`${path}.${one.path}`, one.message)),
    ...read.warnings.map((one) => warning(`${path}.${one.path}`, one.message)),
    ...values.flatMap(([name, value]) => {
      const why = unfitFor(unit.children?.length ?? 0, row.parameters[name], value);
      return why === undefined ? [] : [finding(placeOf(unit, path, name), why)];
    }),
  ];
});

const unfitFor = (
  children: number,
  row: ParameterRow | undefined,
  value: unknown,
): string | undefined => {
  if (row?.of !== "children" || value === undefined) return undefined;
  if (Array.isArray(value) && value.length !== children) {
    return `has ${value.length} numbers, and the node ${children} children; write one for each`;
  }
  if (typeof value === "number" && value > children) {
    return `is ${value}, and the node has ${children} children; write ${children} or less, or add children`;
  }
  return undefined;
};

/** Of parameters with one name the last counts. */
const placeOf = ({ parameters = [] }: PredictiveUnit, path: string, name: string): string => {
  const index = parameters.findLastIndex((one) => one.name === name);
  return at(item(at(path, "parameters"), index), "value");
};

/** A built-in node has as many children as it works with. */
export const builtInHasItsChildren: Check = perUnit(({ unit, path }) => {
  const { least = 0, most = Number.POSITIVE_INFINITY } =
    builtInRow(unit.implementation)?.children ?? {};
  const count = unit.children?.length ?? 0;
  if (count >= least && count <= most) return [];
  const wanted = count < least ? `${least} or more` : `${most} or less`;
  const message = `has ${count} nodes, and ${unit.implementation} works with ${wanted}; ${count < least ? "add" : "remove"} some`;
  return [findingOf(unit)(at(path, "children"), message)];
});

/** ratioA is a fraction, and counts only by itself. Source: engine contract, 6.8. */
export const ratioCounts: Check = perUnit(({ unit, path }): readonly Finding[] => {
  if (unit.implementation !== "RANDOM_ABTEST") return [];
  const parameters = unit.parameters ?? [];
  const index = parameters.findIndex(({ name }) => name === "ratioA");
  const value = parameters[index]?.value;
  if (value === undefined) return [];
  const where = item(at(path, "parameters"), index);
  const ratio = value.trim() === "" ? Number.NaN : Number(value);
  if (!(ratio >= 0 && ratio <= 1)) {
    return [warning(at(where, "value"), `is "${value}"; write a number from 0 to 1`)];
  }
  const others = parameters.filter(({ name }, i) => i !== index && !name.startsWith("sticky_"));
  if (others.length === 0) return [];
  const message =
    "counts only without other parameters but sticky_header and sticky_field; remove them, or write weights";
  return [warning(at(where, "name"), message)];
});
