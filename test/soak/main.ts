/**
 * `npm run soak -- --minutes N`: engines under probes and light traffic for a long time; their
 * memory, handles and files are looked at every second, and must not grow. See docs/soak.md.
 */
import { parseArgs } from "node:util";
import type { Later } from "../contract/cleanup.ts";
import { type EngineProcess, startEngineProcess } from "../contract/engine-process.ts";
import { openGraph } from "./containers.ts";
import { allowances, type Figure, type Sample, takeSample } from "./sample.ts";
import { startTraffic, type Traffic } from "./traffic.ts";
import { quantile, trendOf } from "./trend.ts";

const usage = `usage: npm run soak -- [--minutes N]

Soaks two engines, with and without full health checks, in probes and light traffic over REST and
gRPC. Ends with exit code 1 if what they hold grows, or if an answer is wrong. Linux only.

  --minutes N   how long (default 10; 5 or more); the first third is warm-up, 3 minutes at least
`;

const sampleMs = 1000;
const shortestMinutes = 5;
/** Node.js takes so long to grow its heap to the size that the traffic needs. */
const warmUpMinutes = 3;

type Soaked = {
  readonly name: string;
  readonly engine: EngineProcess;
  readonly traffic: Traffic;
  readonly samples: Sample[];
};

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const figures: readonly { readonly figure: Figure; readonly title: string }[] = [
  { figure: "rssMegabytes", title: "RSS MB" },
  { figure: "heapMegabytes", title: "heap MB" },
  { figure: "handles", title: "handles" },
  { figure: "openFiles", title: "files" },
];

const cells = (values: readonly (string | number)[]): string =>
  values
    .map((value, i) => {
      const text = typeof value === "number" ? value.toFixed(1) : value;
      return i === 0 ? text.padEnd(20) : text.padStart(13);
    })
    .join("");

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
  say(`\n${cells(["after warm-up", "figure", "first third", "last third", "allowed", "verdict"])}`);
  let flat = true;
  for (const { name, samples } of soaked) {
    const warmUp = Math.max(samples.length / 3, (warmUpMinutes * 60_000) / sampleMs);
    const warm = samples.slice(Math.floor(warmUp));
    for (const { figure, title } of figures) {
      const trend = trendOf(
        warm.map((one) => one[figure]),
        allowances[figure],
      );
      flat &&= trend.isFlat;
      const verdict = trend.isFlat ? "flat" : "GROWS";
      say(cells([name, title, trend.from, trend.to, `+${trend.allowed.toFixed(1)}`, verdict]));
    }
  }
  return flat;
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
    help: { type: "boolean", short: "h", default: false },
  },
});
const minutes = Number(values.minutes);
if (values.help) {
  say(usage);
} else if (!(minutes >= shortestMinutes)) {
  process.stderr.write(
    `--minutes is "${values.minutes}"; give a number, ${shortestMinutes} or more\n`,
  );
  process.exitCode = 1;
} else {
  process.exitCode = (await soak(minutes)) ? 0 : 1;
}
