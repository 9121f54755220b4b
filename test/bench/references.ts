/** Who takes part in a run, and who should but is not there. */
import { buildEngine, makeEngine, makeHop } from "./engine.ts";
import { makeGoProxies, prepareGo } from "./go-proxies.ts";
import { makeSteps } from "./ladder/steps.ts";
import type { Options } from "./options.ts";
import { makeHaproxy, makeNginx } from "./proxies.ts";
import { direct, type Variant, type VariantOptions } from "./variants.ts";

export type Found = {
  readonly variants: readonly Variant[];
  /** Those whose start and idle memory are measured. */
  readonly starting: readonly Variant[];
  /** A sentence for each that was wanted and is not there. */
  readonly missing: readonly string[];
};

type Say = (line: string) => void;
type Part = Pick<Found, "variants" | "missing">;

export const findVariants = async (
  options: Pick<Options, "references" | "profile" | "ladder">,
  given: VariantOptions,
  say: Say,
): Promise<Found> => {
  const engine = makeEngine(given);
  const { variants, missing } = await findReferences(options, given, say);
  const steps = options.ladder ? makeSteps(given) : [];
  const all = [engine, makeHop(engine), ...steps, ...variants, direct];
  if (options.profile !== undefined || options.ladder) {
    return { variants: all, starting: [], missing };
  }
  say("building the engine");
  const built = await buildEngine(given);
  const missed = built === undefined ? ["no start of the built engine: npm run build fails"] : [];
  return {
    variants: all,
    starting: [...(built === undefined ? [] : [built]), engine, ...variants],
    missing: [...missing, ...missed],
  };
};

const findReferences = async (
  { references }: Pick<Options, "references">,
  given: VariantOptions,
  say: Say,
): Promise<Part> => {
  const go = references.some((name) => name.startsWith("go"))
    ? await prepareGo(given.env, say)
    : undefined;
  const installed = [
    makeNginx(given) ?? [],
    makeHaproxy(given) ?? [],
    go?.ok ? makeGoProxies(go.folder, given) : [],
  ].flat();
  const why: Readonly<Record<string, string>> = {
    nginx: "it is not installed (apt-get install nginx)",
    haproxy: "it is not installed (apt-get install haproxy)",
  };
  return {
    variants: installed.filter(({ name }) => references.some((wanted) => wanted === name)),
    missing: references
      .filter((wanted) => installed.every(({ name }) => name !== wanted))
      .map((name) => `no reference ${name}: ${why[name] ?? (go?.ok === false ? go.why : "")}`),
  };
};
