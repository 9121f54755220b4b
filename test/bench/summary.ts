/** Medians over rounds, and ratios and differences within each round. */
import type { Case } from "./cases.ts";
import { engineName, hopName } from "./engine.ts";
import { type Histogram, makeHistogram, type Packed } from "./histogram.ts";
import type { CaseResult, Mode, Sample, Turn } from "./measure.ts";
import type { Start } from "./starts.ts";
import { directName } from "./variants.ts";

export type Setting = {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly versions: readonly string[];
  /** How the CPUs are shared out. */
  readonly cpus: string;
  readonly rounds: number;
  /** What the reader must know: a missing reference, no pinning, a profile. */
  readonly notes: readonly string[];
};

/** All that a run found out, as it is kept in a file. */
export type Report = {
  readonly setting: Setting;
  readonly cases: readonly Case[];
  readonly variants: readonly string[];
  readonly results: readonly CaseResult[];
  readonly starts: readonly Start[];
};

/** What ratios refer to, where it was measured. */
export const denominators = ["go", "nginx", hopName] as const;
export type Denominator = (typeof denominators)[number];

/** The middle value, or the mean of the two in the middle; NaN of none. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const above = sorted[Math.floor(middle)] ?? Number.NaN;
  const below = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (above + below) / 2;
};

export type Line = {
  readonly variant: string;
  readonly cpuMicros: number;
  readonly cpuMicrosLeast: number;
  /** Median over rounds of the ratio to another variant's CPU time in the same round; NaN without it. */
  readonly ratios: Readonly<Record<Denominator, number>>;
  readonly perSecond: number;
  readonly busy: number;
  readonly others: number;
  readonly latency: Histogram;
  readonly lateness: Histogram;
  /** Median over rounds of the difference to no proxy in the same round, in microseconds. */
  readonly added: { readonly p50: number; readonly p99: number };
  readonly failed: number;
  readonly requests: number;
};

/** One line for each variant that was measured so, in the order given. */
export const summarise = (
  result: CaseResult,
  mode: Mode,
  variants: readonly string[],
): readonly Line[] =>
  variants
    .filter((variant) => samplesOf(result.rounds.flat(), variant, mode).length > 0)
    .map((variant) => lineOf(result, mode, variant));

/** The line of one variant in one case; undefined if it was not measured. */
export const findLine = (
  { results }: Pick<Report, "results">,
  { id, mode, variant }: { readonly id: string; readonly mode: Mode; readonly variant: string },
): Line | undefined => {
  const result = results.find((one) => one.id === id);
  return result === undefined ? undefined : summarise(result, mode, [variant])[0];
};

const lineOf = ({ rounds }: CaseResult, mode: Mode, variant: string): Line => {
  const samples = samplesOf(rounds.flat(), variant, mode);
  const cpu = samples.map((one) => one.cpuMicrosPerRequest);
  /** Compares with another variant round by round. */
  const beside = (other: string, compare: (own: Sample, other: Sample) => number): number => {
    const found = rounds.flatMap((turns) => {
      const [own] = samplesOf(turns, variant, mode);
      const [reference] = samplesOf(turns, other, mode);
      if (own === undefined || reference === undefined) return [];
      return isSound(own) && isSound(reference) ? [compare(own, reference)] : [];
    });
    return median(found);
  };
  const ratioTo = (other: Denominator): number =>
    beside(other, (own, reference) => own.cpuMicrosPerRequest / reference.cpuMicrosPerRequest);
  const addedAt = (fraction: number): number =>
    beside(
      directName,
      (own, reference) =>
        merged([own.latency]).percentile(fraction) -
        merged([reference.latency]).percentile(fraction),
    );
  return {
    variant,
    cpuMicros: median(cpu),
    cpuMicrosLeast: Math.min(...cpu),
    ratios: { go: ratioTo("go"), nginx: ratioTo("nginx"), [hopName]: ratioTo(hopName) },
    perSecond: median(samples.map(({ done, seconds }) => done / seconds)),
    busy: median(samples.map((one) => one.busy)),
    others: median(samples.map((one) => one.others)),
    latency: merged(samples.map((one) => one.latency)),
    lateness: merged(samples.map((one) => one.lateness)),
    added: { p50: addedAt(0.5), p99: addedAt(0.99) },
    failed: samples.reduce((sum, one) => sum + failuresOf(one), 0),
    requests: samples.reduce((sum, one) => sum + one.done + one.failures.missing, 0),
  };
};

const failuresOf = ({ failures }: Sample): number =>
  Object.values(failures).reduce((sum, one) => sum + one, 0);

/** Refusing costs another CPU time than answering: with more of it, there is nothing to compare. */
const mostFailing = 0.01;
const isSound = (sample: Sample): boolean =>
  failuresOf(sample) <= mostFailing * (sample.done + sample.failures.missing);

const samplesOf = (turns: readonly Turn[], variant: string, mode: Mode): readonly Sample[] =>
  turns.filter((turn) => turn.variant === variant).flatMap((turn) => turn.samples[mode] ?? []);

const merged = (parts: readonly Packed[]): Histogram => {
  const all = makeHistogram();
  for (const part of parts) all.add(part);
  return all;
};

export const modes = ["saturated", "paced", "loaded"] as const satisfies readonly Mode[];

/** The variants that are the engine. */
export const engineNames: readonly string[] = [engineName, hopName];

/** Requests to some variants, and those that got no right answer. */
export const requestsOf = (
  { results }: Pick<Report, "results">,
  variants: readonly string[],
): { readonly sent: number; readonly failed: number } => {
  const lines = results.flatMap((result) =>
    modes.flatMap((mode) => summarise(result, mode, variants)),
  );
  return {
    sent: lines.reduce((sum, { requests }) => sum + requests, 0),
    failed: lines.reduce((sum, { failed }) => sum + failed, 0),
  };
};

/** What each further node costs, where a case was measured with one node and with several. */
export const furtherNodes = (
  { cases, results }: Pick<Report, "cases" | "results">,
  variant: string,
): readonly { readonly title: string; readonly micros: number }[] => {
  const cpuOf = (id: string): number =>
    findLine({ results }, { id, mode: "saturated", variant })?.cpuMicros ?? Number.NaN;
  return cases
    .filter(({ nodes }) => nodes > 1)
    .flatMap((chain) => {
      const single = cases.find(
        (one) => one.nodes === 1 && one.id.split("-")[1] === chain.id.split("-")[1],
      );
      const micros = (cpuOf(chain.id) - cpuOf(single?.id ?? "")) / (chain.nodes - 1);
      return Number.isFinite(micros) ? [{ title: chain.title, micros }] : [];
    });
};
