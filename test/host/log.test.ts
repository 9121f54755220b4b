import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { logLevels, makeLog } from "../../host/log.ts";

const write = (level: string): readonly { level: string; msg: string; time: string }[] => {
  const lines: string[] = [];
  const log = makeLog(level, { write: (line: string) => lines.push(line) });
  log.debug("d");
  log.info({ field: 1 }, "i");
  log.warn("w");
  log.error("e");
  log.fatal("f");
  return lines.map((line) => JSON.parse(line));
};

describe("makeLog", () => {
  it.each([
    { level: "DEBUG", from: "d" },
    { level: "INFO", from: "i" },
    { level: "WARN", from: "w" },
    { level: "WARNING", from: "w" },
    { level: "ERROR", from: "e" },
    { level: "FATAL", from: "f" },
    { level: "warning", from: "w" },
    { level: "loud", from: "i" },
    { level: "", from: "i" },
  ])("writes from $from at level $level", ({ level, from }) => {
    expect(write(level).map(({ msg }) => msg)[0]).toBe(from);
  });

  it("writes one JSON object a line, with the level as a word and the time as ISO", () => {
    const [line] = write("INFO");
    expect(line).toEqual({ level: "info", time: line?.time, field: 1, msg: "i" });
    expect(new Date(line?.time ?? "").toISOString()).toBe(line?.time);
  });

  it("knows every level by name", () => {
    expect(logLevels).toEqual(["DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL"]);
  });

  it("survives that nobody reads standard error any more", async () => {
    const script = `
      import { makeLog } from ${JSON.stringify(new URL("../../host/log.ts", import.meta.url).href)};
      const log = makeLog("INFO");
      process.stdin.on("data", () => log.info("into the void"));
      process.stdin.on("end", () => console.log("alive"));
      log.info("started");
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "pipe" });
    await once(child.stderr, "data");
    child.stderr.destroy();
    await once(child.stderr, "close");
    for (let i = 0; i < 3; i += 1) await new Promise((resolve) => child.stdin.write("x", resolve));
    child.stdin.end();
    const [said] = await Promise.all([once(child.stdout, "data"), once(child, "exit")]);
    expect([String(said), child.exitCode]).toEqual(["alive\n", 0]);
  });
});
