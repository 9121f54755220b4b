import { builtInNames } from "../../../api/built-ins/all.ts";
import type { Definition } from "../../../runtime/nodes/definition.ts";
import { loadDefinitions } from "../../../runtime/nodes/registry.ts";

/** Of every built-in node. */
export const definitions = await loadDefinitions(new Set(builtInNames));

/** Undefined for a word that is no built-in node's. */
export const definitionOf = (implementation: string): Definition | undefined =>
  definitions.get(implementation);
