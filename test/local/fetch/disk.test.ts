import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { faultOf, fetching } from "./harness.ts";

const { state, files, fetched } = fetching();

let volume = "";
beforeEach(() => {
  volume = mkdtempSync(join(tmpdir(), "espalier-volume-"));
  mkdirSync(join(volume, "model/1"), { recursive: true });
  writeFileSync(join(volume, "model/1/weights"), "w");
  writeFileSync(join(volume, "model/config"), "c");
});
afterEach(() => rmSync(volume, { recursive: true }));

describe("fetchModel from a disk", () => {
  it("copies a folder, or a file, by path or by URI", async () => {
    await fetched(join(volume, "model"));
    expect(readdirSync(state.folder, { recursive: true }).toSorted()).toEqual([
      "1",
      "1/weights",
      "config",
    ]);
    await fetched(`file://${volume}/model/1/weights`);
    expect(files()).toEqual(["1", "config", "weights"]);
  });

  it("follows links within the volume, and leaves others out with a warning", async () => {
    symlinkSync("1/weights", join(volume, "model/latest"));
    symlinkSync("..", join(volume, "model/1/back"));
    symlinkSync("/etc/passwd", join(volume, "model/passwd"));
    symlinkSync("nowhere", join(volume, "model/dangling"));
    await fetched(join(volume, "model"));
    expect(files()).toEqual(["1", "config", "latest"]);
    expect(readdirSync(join(state.folder, "1"))).toEqual(["weights"]);
    expect(state.warnings).toHaveLength(3);
  });

  it("leaves out what a file system puts there", async () => {
    mkdirSync(join(volume, "model/lost+found"));
    await fetched(join(volume, "model"));
    expect(files()).toEqual(["1", "config"]);
  });

  it("says what is wrong", async () => {
    expect(await faultOf(fetched(join(volume, "none")))).toMatchObject({ code: "NOT_FOUND" });
    mkdirSync(join(volume, "empty"));
    expect(await faultOf(fetched(join(volume, "empty")))).toMatchObject({ code: "NOT_FOUND" });
    for (const name of ["a", "b"]) writeFileSync(join(volume, "model", name), "");
    expect(await faultOf(fetched(join(volume, "model")))).toMatchObject({ code: "TOO_MANY" });
    writeFileSync(join(volume, "file"), "");
    const beneath = fetched(join(volume, "model/1"), { folder: join(volume, "file") });
    expect(await faultOf(beneath)).toMatchObject({ code: "DISK" });
  });
});
