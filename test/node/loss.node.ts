import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { version } from "../../api/version.ts";
import { startLoad } from "./load/load.ts";
import { scenarios } from "./loss/scenarios.ts";
import { openSite, type Site } from "./loss/site.ts";
import { type Row, tableOf } from "./loss/table.ts";
import type { Node } from "./support/node.ts";
import { installOperator } from "./support/operator.ts";
import { sharedNode } from "./support/shared.ts";

let node: Node;
let site: Site;
const rows: Row[] = [];
beforeAll(async () => {
  node = sharedNode();
  await installOperator(node, version);
  site = openSite(node, await node.namespace(), "loss");
});
afterAll(() => {
  node?.close();
  process.stdout.write(`${tableOf(rows)}\n`);
});

const perSecond = 20;
const limitMs = 20_000;
/** Load before what is done under it, and after: until the last pod that had to go has gone. */
const calmMs = { before: 3_000, after: 15_000 };

describe("a deployment under constant load", () => {
  it.each(scenarios)("loses no request that can be kept: $name", async (scenario) => {
    const { before, during, isRouted = false, mayFail = 0, check } = scenario;
    await before?.(site);
    const flows = await site.flowsTo(isRouted ? node.site.ingress : "main");
    const load = startLoad({ flows, perSecond, limitMs });
    const began = performance.now();
    let report: Row["report"];
    try {
      await setTimeout(calmMs.before);
      await during(site);
      await setTimeout(calmMs.after);
    } finally {
      report = await load.stop();
      const seconds = (performance.now() - began) / 1000;
      rows.push({ name: scenario.name, seconds, report });
    }
    const failed = report.filter((one) => one.failed > 0);
    if (failed.length > 0) process.stdout.write(`${JSON.stringify(failed, null, 1)}\n`);
    expect(report.reduce((sum, one) => sum + one.failed, 0)).toBeLessThanOrEqual(mayFail);
    for (const { sent } of report) expect(sent).toBeGreaterThan(perSecond);
    check?.(report);
  });
});
