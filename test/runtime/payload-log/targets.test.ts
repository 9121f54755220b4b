import { describe, expect, it } from "@jest/globals";
import { findTargets } from "../../../runtime/payload-log/targets.ts";
import { unit } from "./fixture.ts";

const found = (logger: { readonly url?: string; readonly mode?: string }, defaultUrl = "") => {
  const plan = unit("m", { logger });
  const { targets, warnings } = findTargets(plan, defaultUrl);
  const target = targets.get(plan);
  return {
    target: target && [target.url.href, target.requests, target.responses],
    warnings,
  };
};

describe("findTargets", () => {
  it.each([
    { mode: "all", want: ["http://sink/x?y=1", true, true] },
    { mode: "request", want: ["http://sink/x?y=1", true, false] },
    { mode: "response", want: ["http://sink/x?y=1", false, true] },
  ])("logs what mode $mode says", ({ mode, want }) => {
    expect(found({ mode, url: "http://sink/x?y=1" })).toEqual({ target: want, warnings: [] });
  });

  it.each([
    { name: "its own URL", url: "https://own/", want: "https://own/" },
    { name: "the default without one", url: undefined, want: "http://default:8080/" },
    { name: "the default for an empty one", url: "", want: "http://default:8080/" },
  ])("goes to $name", ({ url, want }) => {
    const logger = { mode: "all", ...(url !== undefined && { url }) };
    expect(found(logger, "http://default:8080").target?.[0]).toBe(want);
  });

  it.each([
    { name: "no mode", logger: { url: "http://sink" }, says: "logger.mode" },
    { name: "an unknown mode", logger: { url: "http://sink", mode: "ALL" }, says: "logger.mode" },
    { name: "no URL at all", logger: { mode: "all" }, says: "REQUEST_LOGGER_DEFAULT_ENDPOINT" },
    { name: "no scheme", logger: { mode: "all", url: "sink:80" }, says: "logger.url" },
    { name: "another scheme", logger: { mode: "all", url: "kafka://sink" }, says: "logger.url" },
    { name: "no URL but words", logger: { mode: "all", url: "http://a b" }, says: "logger.url" },
  ])("warns of $name, and names the node", ({ logger, says }) => {
    const { target, warnings } = found(logger);
    expect(target).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("node m ");
    expect(warnings[0]).toContain(says);
  });

  it("warns of a bad default by its own name", () => {
    expect(found({ mode: "all" }, "nowhere").warnings[0]).toContain(
      "REQUEST_LOGGER_DEFAULT_ENDPOINT",
    );
  });

  it("tells no password", () => {
    const { warnings } = found({ mode: "all", url: "ftp://me:secret@sink/" });
    expect(warnings[0]).not.toContain("secret");
  });

  it("looks at every unit of the graph, and at no unit without a logger", () => {
    const logger = { mode: "all", url: "http://sink" };
    const deep = unit("deep", { logger });
    const graph = unit("root", { children: [unit("a"), unit("b", { children: [deep], logger })] });
    const { targets, warnings } = findTargets(graph, "");
    expect([...targets.keys()].map(({ name }) => name)).toEqual(["b", "deep"]);
    expect(warnings).toEqual([]);
  });
});
