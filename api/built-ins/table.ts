/**
 * What built-in nodes there are and what parameters they take, in one form for all: `validate`
 * checks manifests with it, the engine reads parameters by it, and the reference page lists it.
 */

export type BuiltInKind = "router" | "combiner" | "transformer" | "model";

/** How the text of a parameter is read. Lists are separated by commas. */
export type ParameterKind = "number" | "whole" | "text" | "flag" | "numbers" | "texts" | "json";

export type ParameterRow = {
  readonly is: ParameterKind;
  /** As it would be written in a manifest; undefined: the node does without. */
  readonly fallback?: string;
  readonly required?: true;
  /** Bounds of a number, or of each of a list; both count as allowed. */
  readonly least?: number;
  readonly most?: number;
  readonly choices?: readonly string[];
  /** A list has one for each child; a number is at most theirs. */
  readonly of?: "children";
  /** One line for the reference page: meaning and unit. */
  readonly help: string;
};

export type BuiltInRow = {
  readonly kind: BuiltInKind;
  /** One line for the reference page. */
  readonly help: string;
  /** Of a router: with how many children it can work; any number otherwise. */
  readonly children?: { readonly least: number; readonly most?: number };
  readonly parameters: { readonly [name: string]: ParameterRow };
};

export type BuiltInTable = { readonly [implementation: string]: BuiltInRow };
