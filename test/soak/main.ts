/**
 * `npm run soak -- --minutes N`: engines under probes and light traffic for a long time; their
 * memory, handles and files are looked at every second, and must not grow. With `--faults`, one under
 * load whose clients and containers misbehave. See docs/soak.md.
 */
import { parseArgs } from "node:util";
import type { Later } from "../contract/cleanup.ts";
import { type EngineProcess, startEngineProcess } from "../contract/engine-process.ts";
import { openGraph } from "./containers.ts";
import { runFaults } from "./faults/report.ts";
import { allowances, type Sample, takeSample } from "./sample.ts";
import { cells, figures, sampleMs, say, showTrend, showTrendHead } from "./table.ts";
import { startTraffic, type Traffic } from "./traffic.ts";
import { quantile } from "./trend.ts";

const usage = `usage: npm run soak -- [--minutes N] [--faults [--load SHARE] [--seed N]]

Soaks two engines, with and without full health checks, in probes and light traffic over REST and
gRPC. Ends with exit code 1 if what they hold grows, or if an answer is wrong. Linux only.

With --faults, one engine under load, with clients and a container that misbehave. Ends with exit code
1 also if an answer is lost or belongs to another request, or if an error has no fault to explain it.

  --minutes N   how long (default 10; 5 or more); the first third is warm-up, 3 minutes at least
  --load SHARE  how much of a core the engine shall use (default 0.7; 0.05 to 1)
  --seed N      what comes when; the same number gives the same faults (default 1)
`;

const shortestMinutes = 5;

type Soaked = {
  readonly name: string;
  readonly engine: EngineProcess;
  readonly traffic: Traffic;
  readonly samples: Sample[];
};

const head = [
  "engine",
  "minute",
  ...figures.map(({ title }) => title),
  "probes",
  "requests",
  "failed",
];

/** The last minute of each engine: medians. */
const showMinute = (soaked: readonly Soaked[], minute: number): void => {
  for (const { name, samples, traffic } of soaked) {
    const last = samples.slice(-60_000 / sampleMs);
    const medians = figures.map(({ figure }) =>
      quantile(
        last.map((one) => one[figure]),
        0.5,
      ),
    );
    const { probes, requests, failed } = traffic.counts;
    say(
      cells([name, String(minute), ...medians, String(probes), String(requests), String(failed)]),
    );
  }
};

/** The verdict on each figure of each engine, after the warm-up. */
const showTrends = (soaked: readonly Soaked[]): boolean => {
  showTrendHead();
  return soaked.map(({ name, samples }) => showTrend(name, samples, allowances)).every(Boolean);
};

const startAll = async (later: Later): Promise<readonly Soaked[]> => {
  const graph = await openGraph(later);
  const soaked: Soaked[] = [];
  for (const full of [false, true]) {
    const args = [`--full_health_checks=${full}`];
    const engine = await startEngineProcess(graph, { args });
    later(() => engine.stop());
    const name = full ? "full checks" : "connect checks";
    soaked.push({ name, engine, traffic: startTraffic(engine), samples: [] });
  }
  return soaked;
};

/** Takes samples until the time is over, an engine ends, or Ctrl-C. */
const watch = async (
  soaked: readonly Soaked[],
  minutes: number,
  isOver: () => boolean,
): Promise<void> => {
  const started = performance.now();
  let shown = 0;
  while (!isOver() && performance.now() - started < minutes * 60_000) {
    await new Promise((resolve) => setTimeout(resolve, sampleMs));
    for (const { name, engine, samples } of soaked) {
      if (!engine.isAlive()) throw new Error(`the engine with ${name} has ended`);
      samples.push(await takeSample(engine));
    }
    const minute = Math.floor((performance.now() - started) / 60_000);
    if (minute > shown) showMinute(soaked, minute);
    shown = minute;
  }
};

const soak = async (minutes: number): Promise<boolean> => {
  const opened: (() => unknown)[] = [];
  let interrupted = false;
  process.once("SIGINT", () => {
    interrupted = true;
  });
  try {
    const soaked = await startAll((close) => opened.push(close));
    say(cells(head));
    await watch(soaked, minutes, () => interrupted);
    await Promise.all(soaked.map(({ traffic }) => traffic.stop()));
    for (const { name, traffic } of soaked) {
      for (const failure of traffic.failures) say(`${name}: ${failure}`);
    }
    const flat = showTrends(soaked);
    const codes = await Promise.all(soaked.map(({ engine }) => engine.stop()));
    say(`\nexit codes of the engines: ${codes.join(", ")}`);
    return (
      flat &&
      codes.every((code) => code === 0) &&
      soaked.every(({ traffic }) => traffic.counts.failed === 0)
    );
  } finally {
    for (const close of opened.reverse()) await close();
  }
};

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    faults: { type: "boolean", default: false },
    load: { type: "string", default: "0.7" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const minutes = Number(values.minutes);
const load = Number(values.load);
const seed = Number(values.seed);

/** What is wrong with the flags; undefined if nothing is. */
const wrong = (): string | undefined => {
  if (!(minutes >= shortestMinutes)) {
    return `--minutes is "${values.minutes}"; give a number, ${shortestMinutes} or more`;
  }
  if (!(load >= 0.05 && load <= 1)) return `--load is "${values.load}"; give a number, 0.05 to 1`;
  if (!Number.isSafeInteger(seed)) return `--seed is "${values.seed}"; give a whole number`;
  return undefined;
};

if (values.help) {
  say(usage);
} else if (wrong() !== undefined) {
  process.stderr.write(`${wrong()}\n`);
  process.exitCode = 1;
} else {
  const isClean = await (values.faults ? runFaults({ minutes, load, seed }) : soak(minutes));
  process.exitCode = isClean ? 0 : 1;
}
