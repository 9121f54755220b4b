/** CPU time, memory and affinity of processes, as /proc tells them. Source: proc(5), taskset(1). */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Ticks of /proc last 10 ms on every Linux that Node runs on (USER_HZ). */
const nanosPerTick = 10_000_000;

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // the process or thread has ended, or the kernel does not tell
  }
};

const numbersIn = (path: string): readonly number[] =>
  readdirSync(path)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** Fields of /proc/PID/stat behind the command's name: state is 0, ppid 1, utime 11, stime 12. */
const statOf = (pid: number): readonly string[] => {
  const text = read(`/proc/${pid}/stat`) ?? "";
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
};

/** A process and all that come from it. */
export const treeOf = (pid: number): readonly number[] => {
  const parents = new Map(numbersIn("/proc").map((one) => [one, Number(statOf(one)[1])]));
  const within = (root: number): readonly number[] => [
    root,
    ...[...parents].filter(([, parent]) => parent === root).flatMap(([child]) => within(child)),
  ];
  return within(pid);
};

/** What the kernel counted for a thread in nanoseconds, if it counts so finely. */
const threadNanos = (pid: number, thread: number): number | undefined => {
  const text = read(`/proc/${pid}/task/${thread}/schedstat`);
  return text === undefined ? undefined : Number(text.split(" ", 1)[0]);
};

const processNanos = (pid: number): number => {
  try {
    const threads = numbersIn(`/proc/${pid}/task`).map((thread) => threadNanos(pid, thread));
    const known = threads.filter((nanos) => nanos !== undefined);
    if (known.length > 0) return known.reduce((sum, nanos) => sum + nanos, 0);
  } catch {
    return 0; // it has ended
  }
  const stat = statOf(pid);
  return (Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) * nanosPerTick;
};

/** CPU time of a process tree since its start, user and system together, in microseconds. */
export const cpuMicros = (pid: number): number =>
  treeOf(pid).reduce((sum, one) => sum + processNanos(one), 0) / 1000;

/** A line of a file of all processes of a tree, added up; 1 kB is 1024 bytes here. */
const treeBytes = (pid: number, file: string, line: RegExp): number =>
  treeOf(pid)
    .map((one) => line.exec(read(`/proc/${one}/${file}`) ?? "")?.[1])
    .reduce((sum, kilobytes) => sum + Number(kilobytes ?? 0) * 1024, 0);

/** Resident memory of a process tree in bytes; shared pages count in each process. */
export const residentBytes = (pid: number): number =>
  treeBytes(pid, "status", /^VmRSS:\s+(\d+) kB/m);

/** The same, but of a page that several processes share each has its part. */
export const proportionalBytes = (pid: number): number =>
  treeBytes(pid, "smaps_rollup", /^Pss:\s+(\d+) kB/m);

/** Time that a CPU was busy since boot, whoever used it, in microseconds; time stolen by the host too. */
export const busyMicros = (cpu: number): number => {
  const line = new RegExp(`^cpu${cpu} (.*)$`, "m").exec(read("/proc/stat") ?? "")?.[1] ?? "";
  const [user, nice, system, , , irq, softirq, steal] = line.split(" ").map(Number);
  const ticks = [user, nice, system, irq, softirq, steal];
  return (ticks.reduce<number>((sum, one) => sum + (one ?? 0), 0) * nanosPerTick) / 1000;
};

/** `0-2,5` as 0, 1, 2, 5: the kernel's way to list CPUs. */
export const parseCpuList = (list: string): readonly number[] =>
  list
    .split(",")
    .filter((range) => range !== "")
    .flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });

/** CPUs that this process may use. */
export const allowedCpus = (): readonly number[] =>
  parseCpuList(/^Cpus_allowed_list:\s+(\S+)/m.exec(read("/proc/self/status") ?? "")?.[1] ?? "");

/** Keeps all threads of a process on one CPU; false if that cannot be done here. */
export const pin = (pid: number, cpu: number): boolean =>
  spawnSync("taskset", ["--all-tasks", "--pid", "--cpu-list", String(cpu), String(pid)], {
    stdio: "ignore",
  }).status === 0;
