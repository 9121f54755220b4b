/** Runs the soak with faults and says what came of it. */
import type { Figure } from "../sample.ts";
import { cells, figures, sampleMs, say, showTrend, showTrendHead } from "../table.ts";
import { type Allowance, quantile } from "../trend.ts";
import { isClean, type Tally, verdicts } from "./judge.ts";
import { totalOf } from "./load.ts";
import { faultKinds } from "./schedule.ts";
import { type Costs, type FaultSoaked, parties, soakWithFaults, spareFiles } from "./soak.ts";

/** Buffers of large messages come and go, and connections with each fault: low quantiles pass over both. */
const allowances: Readonly<Record<Figure, Allowance>> = {
  rssMegabytes: { absolute: 25, share: 0.1, quantile: 0.25 },
  heapMegabytes: { absolute: 10, share: 0.1, quantile: 0.1 },
  handles: { absolute: 25, share: 0.1, quantile: 0.25 },
  openFiles: { absolute: 25, share: 0.1, quantile: 0.25 },
};

const head = [
  "minute",
  "load",
  "rate/s",
  "held",
  ...figures.map(({ title }) => title),
  ...verdicts,
];

const median = (values: readonly number[]): number => quantile(values, 0.5);

const lastMinute = <T>(values: readonly T[]): readonly T[] => values.slice(-60_000 / sampleMs);

const showMinute = (soaked: FaultSoaked, minute: number): void => {
  const { load, shares, samples } = soaked;
  const sums = verdicts.map((verdict) => String(load.tally[verdict]));
  const medians = figures.map(({ figure }) =>
    median(lastMinute(samples).map((one) => one[figure])),
  );
  const share = median(lastMinute(shares)).toFixed(2);
  say(cells([String(minute), share, load.rate(), String(load.held()), ...medians, ...sums]));
};

const showTally = (name: string, tally: Tally): void => {
  const sums = verdicts.map((verdict) => `${tally[verdict]} ${verdict}`).join(", ");
  say(`${name}: ${totalOf(tally)} requests: ${sums}`);
  for (const problem of tally.problems) say(`  ${problem}`);
};

/** Whose CPU time it takes: where the load stays behind what is wanted, one sees what limits it. */
const showCosts = ({ elapsedMs, requests, micros }: Costs): void => {
  const shares = parties.map((party) => {
    const share = (micros[party] / 1000 / elapsedMs).toFixed(2);
    return `${party} ${share} (${Math.round(micros[party] / requests)})`;
  });
  const rate = Math.round((requests * 1000) / elapsedMs);
  say(`shares of a core (microseconds a request, ${rate}/s): ${shares.join(", ")}`);
};

const showAll = (soaked: FaultSoaked): void => {
  const { load, oddities, faults, shares, costs, files, exitCode } = soaked;
  const kinds = faultKinds.map((kind) => {
    const count = faults.filter((fault) => fault.kind === kind).length;
    return `${count} ${kind}`;
  });
  say(`\nfaults of the container: ${kinds.join(", ")}`);
  say(`odd clients: ${[...oddities.visits].map(([name, count]) => `${count} ${name}`).join(", ")}`);
  showTally("good clients", load.tally);
  showTally("odd clients", oddities.tally);
  say(`load: ${median(shares).toFixed(2)} of a core (median)`);
  showCosts(costs);
  say(`open files: ${files.before} before, ${files.after} after; exit code ${exitCode}`);
};

const verdictOn = (soaked: FaultSoaked): boolean => {
  showTrendHead();
  const isFlat = showTrend("with faults", soaked.samples, allowances);
  showAll(soaked);
  const { load, oddities, files, exitCode } = soaked;
  return (
    isFlat &&
    isClean(load.tally) &&
    isClean(oddities.tally) &&
    files.after <= files.before + spareFiles &&
    exitCode === 0
  );
};

/** Answers whether all was as it has to be. */
export const runFaults = async (options: {
  readonly minutes: number;
  readonly load: number;
  readonly seed: number;
}): Promise<boolean> => {
  const opened: (() => unknown)[] = [];
  let interrupted = false;
  process.once("SIGINT", () => {
    interrupted = true;
  });
  try {
    say(cells(head));
    const soaked = await soakWithFaults((close) => opened.push(close), {
      ...options,
      isOver: () => interrupted,
      onMinute: showMinute,
    });
    return verdictOn(soaked);
  } finally {
    for (const close of opened.reverse()) await close();
  }
};
