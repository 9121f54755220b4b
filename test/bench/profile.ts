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

type CallFrame = CpuProfile["nodes"][number]["callFrame"];

/** Self time by function, largest first; a share is of the time that was not idle. */
export const selfTimes = (profiles: readonly CpuProfile[]): readonly Self[] =>
  timesBy(profiles, nameOf);

/** Self time by the room of the house that a function is in, or what of Node.js it belongs to. */
export const layerTimes = (profiles: readonly CpuProfile[]): readonly Self[] =>
  timesBy(profiles, layerOf);

const timesBy = (
  profiles: readonly CpuProfile[],
  group: (frame: CallFrame) => string,
): readonly Self[] => {
  const totals = new Map<string, number>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const names = new Map(nodes.map(({ id, callFrame }) => [id, group(callFrame)]));
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

/** What V8 writes for time that is not a function's. */
const ownNames = new Set(["(idle)", "(garbage collector)", "(program)"]);

const layerOf = ({ functionName, url }: CallFrame): string => {
  if (ownNames.has(functionName)) return functionName;
  if (url === "") return "native code: system calls and the like";
  if (url.startsWith("node:")) return `Node.js: ${url.split("/").slice(0, 2).join("/")}`;
  const [, module] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (module !== undefined) return `package ${module}`;
  const [, room] = /\/((?:api|host|runtime(?:\/[a-z-]+)?))\/[^/]+$/.exec(url) ?? [];
  return room ?? "others";
};

const nameOf = ({ functionName, url, lineNumber }: CallFrame): string => {
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
