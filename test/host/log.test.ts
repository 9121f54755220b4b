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
});
