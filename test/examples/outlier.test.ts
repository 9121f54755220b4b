import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { examples, post, read, useUp } from "./up-process.ts";

describe("examples/outlier, with action: block", () => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-outlier-"));
  const manifest = join(folder, "deployment.yaml");
  cpSync(join(examples, "outlier"), folder, { recursive: true });
  const text = readFileSync(manifest, "utf8");
  writeFileSync(manifest, text.replace("value: tag", "value: block"));
  const urlOf = useUp([manifest]);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const { names, ndarray } = read("outlier/request.json").data;

  it("answers about cells as they were measured", async () => {
    const request = { data: { names, ndarray: ndarray.slice(0, 1) } };
    expect((await post(urlOf("outlier"), "predictions", request)).status).toBe(200);
  });

  it("refuses cells in another unit, and says which row", async () => {
    const { status, body } = await post(urlOf("outlier"), "predictions", {
      data: { names, ndarray },
    });
    expect(status).toBe(422);
    expect(body.status.info).toContain("row 1 has score 0.60");
  });
});
