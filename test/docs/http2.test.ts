import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { defaultHttp2Limits } from "../../runtime/http2/limits.ts";
import { project } from "../local/harness.ts";

describe("docs/http2.md", () => {
  it("has every limit with its default, and no other", () => {
    const page = readFileSync(join(project, "docs/http2.md"), "utf8");
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)];
    const told = Object.fromEntries(rows.map(([, name = "", value]) => [name, Number(value)]));
    expect(told).toEqual(defaultHttp2Limits);
  });
});
