/** Every built-in node: the one list of what runs inside the engine. */
import { basic } from "./basic.ts";
import { combiners } from "./combiners.ts";
import { detectors } from "./detectors.ts";
import { routers } from "./routers.ts";
import type { BuiltInRow } from "./table.ts";
import { transformers } from "./transformers.ts";

const all = { ...basic, ...routers, ...detectors, ...combiners, ...transformers };

export const builtInNames: readonly string[] = Object.keys(all);

/** The row of an implementation; undefined if it is none of ours. */
export const builtInRow = (implementation: string | undefined): BuiltInRow | undefined =>
  implementation !== undefined && Object.hasOwn(all, implementation)
    ? (all as Readonly<Record<string, BuiltInRow>>)[implementation]
    : undefined;
