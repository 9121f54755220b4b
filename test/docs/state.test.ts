import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { Registry } from "prom-client";
import { makeMeters } from "../../runtime/store/meters.ts";

const page = readFileSync(new URL("../../docs/state.md", import.meta.url), "utf8");

describe("docs/state.md", () => {
  it("lists every metric of a store, and no other", () => {
    const registry = new Registry();
    const log = pino({ enabled: false });
    makeMeters({ registry, log, place: "", waiting: () => 0 });
    const documented = [...page.matchAll(/^\| `(espalier_\w+)` \|/gm)].map(([, name]) => name);
    const actual = registry.getMetricsAsArray().map(({ name }) => name);
    expect(documented.toSorted()).toEqual(actual.toSorted());
  });
});
