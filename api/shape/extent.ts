/**
 * How far a value reaches. YAML anchors can make a value contain itself, or unfold ten lines into
 * billions of values; whoever walks a value must know first that the walk ends.
 */

import { at, item } from "../path.ts";
import type { Issue } from "../result.ts";

/** Values in a manifest once its anchors are unfolded; a large one has some thousands. */
export const maxValues = 250_000;
/** Levels of nesting; a graph of ten levels with its pods has some thirty. */
export const maxLevels = 1_000;

type Extent = { readonly values: number; readonly levels: number };

/** What makes a value impossible to walk: cycles, too many values, too many levels. */
export const unwalkable = (value: unknown): readonly Issue[] => {
  const issues: Issue[] = [];
  const extents = new Map<object, Extent>();
  const ancestors = new Map<object, string>();

  const measure = (held: unknown, path: string): Extent => {
    if (typeof held !== "object" || held === null) return { values: 1, levels: 0 };
    const outer = ancestors.get(held);
    if (outer !== undefined) {
      issues.push({ path, message: contains(outer) });
      return { values: 1, levels: 0 };
    }
    const measured = extents.get(held);
    if (measured !== undefined) return measured;
    if (ancestors.size > maxLevels) return { values: 1, levels: maxLevels };
    ancestors.set(held, path);
    const extent = sum(held, path);
    ancestors.delete(held);
    extents.set(held, extent);
    return extent;
  };

  const sum = (held: object, path: string): Extent => {
    let [values, levels] = [1, 0];
    const isList = Array.isArray(held);
    for (const [key, child] of Object.entries(held)) {
      const extent = measure(child, isList ? item(path, Number(key)) : at(path, key));
      values += extent.values;
      levels = Math.max(levels, extent.levels);
    }
    return { values, levels: levels + 1 };
  };

  const { values, levels } = measure(value, "");
  if (values > maxValues) issues.push({ path: "", message: tooMany });
  if (levels > maxLevels) issues.push({ path: "", message: tooDeep });
  return issues;
};

const contains = (outer: string): string =>
  `contains itself: it refers back to ${outer || "the whole document"}; a YAML alias (*) must not ` +
  "stand inside what its anchor (&) names";
const tooMany =
  `holds more than ${maxValues} values once its YAML aliases are unfolded; ` +
  "write a smaller manifest";
const tooDeep = `is nested deeper than ${maxLevels} levels; write a flatter manifest`;
