import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { makeReaper } from "../../local/reaper.ts";
import { gone, isRunning } from "./fakes.ts";

const reaperModule = pathToFileURL(join(import.meta.dirname, "../../local/reaper.ts")).href;

describe("makeReaper", () => {
  it("ends the groups and removes the folder of a process that was killed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "espalier-reaper-"));
    const script = `
      import { spawn } from "node:child_process";
      import { makeReaper } from ${JSON.stringify(reaperModule)};
      const reaper = makeReaper(${JSON.stringify(folder)});
      const pids = [0, 1].map(() => spawn("sleep", ["60"], { detached: true, stdio: "ignore" }).pid);
      for (const pid of pids) reaper.add(pid);
      reaper.drop(pids[1]);
      console.log(pids.join(" "));
      setInterval(() => {}, 1e6);`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(createInterface(parent.stdout), "line");
    const [watched, dropped] = String(line).split(" ").map(Number);
    if (watched === undefined || dropped === undefined) throw new Error(`no pids in ${line}`);
    expect([isRunning(watched), isRunning(dropped)]).toEqual([true, true]);
    parent.kill("SIGKILL");
    await gone(watched);
    while (existsSync(folder)) await setTimeout(10);
    expect(isRunning(dropped)).toBe(true);
    process.kill(dropped, "SIGKILL");
  });

  it("leaves alone what is alive when it is closed without groups", () => {
    const folder = mkdtempSync(join(tmpdir(), "espalier-reaper-"));
    const reaper = makeReaper(folder);
    reaper.add(4_000_000);
    expect(reaper.all()).toEqual([4_000_000]);
    reaper.drop(4_000_000);
    expect(reaper.all()).toEqual([]);
    reaper.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
