/**
 * `npm run bench`: starts the stub, the load generator, the engine and the reference proxies,
 * measures one case after the other, prints tables, and leaves nothing behind.
 *
 * The tested process has one CPU to itself, everything else shares another. docs/performance.md
 * explains the method.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { cases } from "./cases.ts";
import { allowedCpus, pin } from "./cpu.ts";
import { startLoader, startStub } from "./loader.ts";
import { markdownFault, writeFigures } from "./markdown.ts";
import { type Bench, type CaseResult, measureCase } from "./measure.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { makeProcesses } from "./processes.ts";
import { layerTimes, readProfiles, renderSelfTimes, selfTimes } from "./profile.ts";
import { findVariants } from "./references.ts";
import { render } from "./report.ts";
import { measureStarts } from "./starts.ts";
import { engineNames, type Report, requestsOf, type Setting } from "./summary.ts";
import { renderSvg } from "./svg/svg.ts";

// biome-ignore lint/style/noProcessEnv: PATH and the like, read once and handed to all processes
const env = process.env;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The CPU of the tested process and that of all others; undefined where they cannot be kept apart. */
const shareCpus = (): { readonly tested: number; readonly others: number } | undefined => {
  const [tested, others] = allowedCpus();
  if (tested === undefined || others === undefined) return undefined;
  return pin(process.pid, others) ? { tested, others } : undefined;
};

type Found = Awaited<ReturnType<typeof findVariants>>;

const describe = (
  { rounds, scale, profile }: Options,
  { variants, missing }: Found,
  shared: ReturnType<typeof shareCpus>,
): Setting => {
  const notes = [
    ...(scale < 1 ? ["--quick: too few requests to quote"] : []),
    ...(profile === undefined ? [] : ["profiled: figures are not to be quoted"]),
    ...missing,
    ...(shared === undefined
      ? ["not pinned: needs taskset and two CPUs; CPU time per request is less exact so"]
      : []),
  ];
  const flags = process.argv.slice(2);
  const load = loadavg().map((one) => one.toFixed(2));
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    command: ["npm run bench", ...(flags.length === 0 ? [] : ["--", ...flags])].join(" "),
    machine: `${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} CPUs, ${Math.round(totalmem() / 1e9)} GB, Linux ${release()}, load before ${load.join(" ")}`,
    versions: variants.map(({ version }) => version),
    cpus:
      shared === undefined
        ? "all processes on any CPU"
        : `tested process on CPU ${shared.tested}, stub and load on CPU ${shared.others}`,
    rounds,
    notes,
  };
};

const measure = async (options: Options): Promise<Report> => {
  const found = await findVariants(options, { env, folder, profiles: options.profile }, say);
  const { variants } = found;
  const shared = shareCpus();
  const place = { cpu: shared?.others, env };
  const bench: Bench = {
    processes,
    loader: startLoader(processes, place),
    stub: await startStub(processes, place),
    variants,
    cpu: shared?.tested,
    rounds: options.rounds,
    scale: options.scale,
    progress: say,
  };
  const setting = describe(options, found, shared);
  const [first] = cases;
  const starts = first === undefined ? [] : await measureStarts(bench, first, found.starting);
  const results: CaseResult[] = [];
  for (const one of options.cases) results.push(await measureCase(bench, one));
  return { setting, cases, variants: variants.map(({ name }) => name), results, starts };
};

/** Numbers that are none are kept as null. */
const readReport = (file: string): Report =>
  JSON.parse(readFileSync(file, "utf8"), (_, value) => value ?? Number.NaN);

const run = async (options: Options): Promise<number> => {
  const { profile, from, json, markdown, svg } = options;
  const fault = markdown === undefined ? undefined : markdownFault(markdown);
  if (fault !== undefined) throw new Error(fault);
  const startedMs = Date.now();
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const report = from === undefined ? await measure(options) : readReport(from);
  process.stdout.write(`\n${render(report)}`);
  if (profile !== undefined) {
    const profiles = readProfiles(profile, startedMs);
    process.stdout.write(
      `\nTime of the engine by layer\n${renderSelfTimes(layerTimes(profiles), 20)}\n`,
    );
    process.stdout.write(
      `\nSelf time of the engine\n${renderSelfTimes(selfTimes(profiles), 40)}\n`,
    );
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report)}\n`);
  const drawing = svg === undefined ? undefined : renderSvg(report);
  if (svg !== undefined && drawing === undefined) say("bench: nothing to draw beside go or nginx");
  if (svg !== undefined && drawing !== undefined) writeFileSync(svg, drawing);
  if (markdown !== undefined) {
    writeFigures(markdown, report, drawing === undefined ? undefined : svg);
  }
  return requestsOf(report, engineNames).failed === 0 ? 0 : 1;
};

const processes = makeProcesses();
/** For the configurations of the proxies; removed at the end. */
const folder = mkdtempSync(join(tmpdir(), "espalier-bench-"));

const main = async (): Promise<number> => {
  const parsed = parseOptions(process.argv.slice(2));
  if (parsed.kind === "help") {
    process.stdout.write(usage);
    return 0;
  }
  if (parsed.kind === "fault") {
    process.stderr.write(`bench: ${parsed.fault}\n\n${usage}`);
    return 2;
  }
  if (process.platform !== "linux") {
    say("bench: CPU time is read from /proc, so the bench runs on Linux only");
    return 2;
  }
  const stopped = new Promise<number>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        say("bench: stopping");
        resolve(130);
      });
    }
  });
  const ran = run(parsed.options).catch((error: unknown) => {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  });
  return Promise.race([ran, stopped]);
};

const code = await main();
await processes.stopAll();
rmSync(folder, { recursive: true, force: true });
process.exit(code);
