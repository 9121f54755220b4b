import { describe, expect, it } from "@jest/globals";
import { parse } from "../../api/parse.ts";
import { defaultSettings } from "../../api/settings.ts";
import { rows } from "./rules.ts";

describe("parse, by the rules of the contract", () => {
  it.each(rows)("$name", ({ value, paths }) => {
    const result = parse(JSON.parse(JSON.stringify(value)), defaultSettings);
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual(paths);
  });

  it("has a row for each rule", () => {
    const tested = new Set(rows.map(({ name }) => Number.parseInt(name, 10)));
    for (let rule = 1; rule <= 21; rule++) expect([...tested]).toContain(rule);
  });

  it("says in each message what to do", () => {
    for (const { value } of rows) {
      const result = parse(JSON.parse(JSON.stringify(value)), defaultSettings);
      for (const { message } of result.ok ? [] : result.issues) expect(message).toMatch(/[;?]/);
    }
  });
});
