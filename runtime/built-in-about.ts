/** What built-in nodes say of themselves, in every protocol. Source: deviation E15. */
import { builtInRow } from "../api/built-ins/all.ts";
import type { PlanUnit } from "../api/plan.ts";
import type { BuiltInNode, End } from "./nodes/node.ts";

export type About = {
  readonly name: string;
  readonly implementation: string;
  readonly inputs: readonly End[];
  readonly outputs: readonly End[];
  /** The kind of node, and its parameters as they are written. */
  readonly custom: Readonly<Record<string, string>>;
};

/** A parameter may hold a whole model: of a long one only the beginning is told. */
const longest = 200;

const shortened = (text: string): string =>
  text.length > longest ? `${text.slice(0, longest)}…` : text;

export const aboutBuiltIn = (
  { name, implementation = "", parameters }: PlanUnit,
  { ends = {} }: BuiltInNode,
): About => ({
  name,
  implementation,
  inputs: ends.inputs ?? [],
  outputs: ends.outputs ?? [],
  custom: {
    ...Object.fromEntries(parameters.map((one) => [one.name, shortened(one.value)])),
    kind: builtInRow(implementation)?.kind ?? "",
  },
});
