import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { routers } from "../../api/built-ins/routers.ts";
import type { ParameterRow } from "../../api/built-ins/table.ts";
import { readDocuments } from "../../api/documents.ts";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { branchOf, router } from "../runtime/nodes/bandit/harness.ts";

const page = readFileSync(new URL("../../docs/bandits.md", import.meta.url), "utf8");

/** The cells of tables whose first is a word of code, without their quotes; regret is told after them. */
const rows = page
  .slice(0, page.indexOf("## Regret"))
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );

const parametersOf = (kind: keyof typeof routers) =>
  Object.entries<ParameterRow>(routers[kind].parameters);

const kinds = Object.keys(routers) as (keyof typeof routers)[]; // keys of this very object

describe("docs/bandits.md", () => {
  it.each(kinds)("lists the parameters of %s with what they are by themselves", (kind) => {
    const common = rows.filter(([name = ""]) =>
      kinds.every((one) => Object.hasOwn(routers[one].parameters, name)),
    );
    const own = rows.filter(
      ([name, parameter]) => name === kind && /^[a-z_]+$/.test(parameter ?? ""),
    );
    const told = new Map([
      ...common.map(([name = "", value = ""]) => [name, value] as const),
      ...own.map(([, name = "", value = ""]) => [name, value] as const),
    ]);
    expect([...told.keys()].toSorted()).toEqual(
      parametersOf(kind)
        .map(([name]) => name)
        .toSorted(),
    );
    for (const [name, { fallback, required }] of parametersOf(kind)) {
      if (fallback !== undefined) expect([name, told.get(name)]).toEqual([name, fallback]);
      if (required) expect([name, told.get(name)]).toEqual([name, "required"]);
    }
  });

  it("lists the metrics", () => {
    const told = rows.map(([name = ""]) => name).filter((name) => name.startsWith("espalier_"));
    const names = router("UCB1")
      .measures()
      .map(({ name }) => `espalier_${name}`);
    expect(told.toSorted()).toEqual([...new Set(names)].toSorted());
  });

  it("names what is told of a branch", () => {
    for (const name of Object.keys(branchOf(router("UCB1"), 0))) expect(page).toContain(name);
  });

  it("shows a manifest without faults", () => {
    const [, manifest = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    const read = readDocuments(manifest, "page");
    expect(read).toMatchObject({ ok: true });
    if (!read.ok) return;
    for (const one of read.value)
      expect(parse(one.value, defaultSettings)).toMatchObject({ ok: true });
  });
});
