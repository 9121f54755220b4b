/** Where the engine's time went, by the CPU profiles that V8 wrote. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** The parts of a .cpuprofile used here. Source: Chrome DevTools Protocol, Profiler.Profile. */
export type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

export type Self = { readonly name: string; readonly micros: number; readonly share: number };

/** Self time by function, largest first; a share is of the time that was not idle. */
export const selfTimes = (profiles: readonly CpuProfile[]): readonly Self[] => {
  const totals = new Map<string, number>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
    samples.forEach((id, i) => {
      const name = names.get(id) ?? "(unknown)";
      totals.set(name, (totals.get(name) ?? 0) + (timeDeltas[i] ?? 0));
    });
  }
  totals.delete("(idle)");
  const whole = [...totals.values()].reduce((sum, one) => sum + one, 0);
  return [...totals]
    .map(([name, micros]) => ({ name, micros, share: micros / whole }))
    .sort((a, b) => b.micros - a.micros);
};

const nameOf = ({
  functionName,
  url,
  lineNumber,
}: CpuProfile["nodes"][number]["callFrame"]): string => {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.startsWith("file:") ? url.split("/").slice(-3).join("/") : url;
  return `${name} ${file}:${lineNumber + 1}`;
};

/** The profiles in a folder that were written since a time, in milliseconds of `Date.now()`. */
export const readProfiles = (folder: string, sinceMs: number): readonly CpuProfile[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).mtimeMs >= sinceMs)
    .map((path): CpuProfile => JSON.parse(readFileSync(path, "utf8")));

export const renderSelfTimes = (self: readonly Self[], most: number): string =>
  self
    .slice(0, most)
    .map(({ name, share }) => `${(share * 100).toFixed(1).padStart(5)} %  ${name}`)
    .join("\n");
