import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { Registry } from "prom-client";
import { makeLog } from "../../../host/log.ts";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { engineFlags } from "../../../runtime/flags.ts";
import { eventRequest, eventTypes, fixedHeaders } from "../../../runtime/payload-log/event.ts";
import { makeMeters } from "../../../runtime/payload-log/meters.ts";
import { makeUnpack } from "../../../runtime/payload-log/unpack.ts";

const page = readFileSync(new URL("../../../docs/payload-logging.md", import.meta.url), "utf8");

const origin = { deployment: "d", namespace: "n", predictor: "p", protocol: "v2", source: "s" };

describe("docs/payload-logging.md", () => {
  it("lists the headers of an event, no more and no less", async () => {
    const { headers } = await eventRequest(
      {
        sink: { place: "sink", post: async () => 200, close: () => {} },
        fixed: fixedHeaders(origin, "m", "request"),
        requestId: "1",
        payload: {
          body: Buffer.alloc(0),
          contentType: "application/octet-stream",
          contentEncoding: "br",
          jsonBytes: 0,
        },
        at: 0,
        bytes: 0,
      },
      makeUnpack(),
    );
    const names = headers.filter((_, i) => i % 2 === 0);
    const rows = page.matchAll(/^\| (`(?:Ce|Content|Inference)-.*?) \|/gm);
    const listed = [...rows].flatMap(([, cell = ""]) => cell.split(", "));
    expect(listed.toSorted()).toEqual(names.map((name) => `\`${name}\``).toSorted());
  });

  it.each(Object.values(eventTypes))("names the type %s", (type) => {
    expect(page).toContain(`\`${type}\``);
  });

  it("names the metrics", async () => {
    const registry = new Registry();
    const log = makeLog("FATAL", { write: () => {} });
    makeMeters({ registry, deadlines: makeDeadlines(), log, bytes: () => 0 });
    const named = [...page.matchAll(/`(espalier_\w+)`/g)].map(([, name]) => name);
    const made = registry.getMetricsAsArray().map(({ name }) => name);
    expect(named.toSorted()).toEqual(made.toSorted());
  });

  it("has the flags and their defaults", () => {
    const flags = Object.entries(engineFlags).filter(([name]) => /^(?:logger_|log_w)/.test(name));
    for (const [name, flag] of flags)
      expect(page).toContain(`| \`--${name}\` | \`${flag.default}\` |`);
    expect(flags).toHaveLength(4);
  });
});
