/**
 * The built-in nodes by their implementation. Each family is loaded when a graph has one of its
 * nodes: an engine without bandits does not start with their code.
 */
import { basic } from "../../api/built-ins/basic.ts";
import { combiners } from "../../api/built-ins/combiners.ts";
import { detectors } from "../../api/built-ins/detectors.ts";
import { routers } from "../../api/built-ins/routers.ts";
import type { BuiltInTable } from "../../api/built-ins/table.ts";
import { transformers } from "../../api/built-ins/transformers.ts";
import type { Definition } from "./definition.ts";

/** By implementation. */
export type Definitions = ReadonlyMap<string, Definition>;

type Family = {
  readonly table: BuiltInTable;
  load(): Promise<Readonly<Record<string, Definition>>>;
};

const families: readonly Family[] = [
  { table: basic, load: async () => (await import("./basic.ts")).basicNodes },
  { table: routers, load: async () => (await import("./bandit/definitions.ts")).bandits },
  {
    table: detectors,
    load: async () => (await import("./outlier/definitions.ts")).outlierDetectors,
  },
  {
    table: combiners,
    load: async () => (await import("./combine/definitions.ts")).answerCombiners,
  },
  {
    table: transformers,
    load: async () => (await import("./transform/definitions.ts")).featureTransformers,
  },
];

/** The definitions of all families that have one of these implementations; words that are no node's are passed over. */
export const loadDefinitions = async (
  implementations: ReadonlySet<string>,
): Promise<Definitions> => {
  const wanted = families.filter(({ table }) =>
    Object.keys(table).some((name) => implementations.has(name)),
  );
  const loaded = await Promise.all(wanted.map((family) => family.load()));
  return new Map(loaded.flatMap((definitions) => Object.entries(definitions)));
};
