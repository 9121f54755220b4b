import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { withLock } from "./lock.ts";
import { makeOnce, type Once } from "./once.ts";

const times = { beatMs: 5, staleMs: 10_000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-once-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Makes a folder with a file in it, and counts how often. */
const countingOnce = (over: Partial<Once> = {}) => {
  const made: string[] = [];
  const once: Once = {
    folder,
    name: "thing",
    times,
    say: () => {},
    works: async (path) => existsSync(join(path, "file")),
    make: async (into) => {
      made.push(into);
      writeFileSync(join(into, "file"), "");
    },
    ...over,
  };
  return { once, made };
};

describe("makeOnce", () => {
  it("makes what is not there, once", async () => {
    const { once, made } = countingOnce();
    const path = await makeOnce(once);
    expect(await makeOnce(once)).toBe(path);
    expect(existsSync(join(path, "file"))).toBe(true);
    expect(made).toHaveLength(1);
  });

  it("makes once for two at the same time", async () => {
    const { once, made } = countingOnce();
    const said: string[] = [];
    let hear = (): void => {};
    const waits = new Promise<void>((resolve) => {
      hear = resolve;
    });
    const both: Once = {
      ...once,
      say: (line) => {
        said.push(line);
        hear();
      },
      make: async (into) => {
        await waits; // or the first may be done before the second looks
        await once.make(into);
      },
    };
    await Promise.all([makeOnce(both), makeOnce(both)]);
    expect(made).toHaveLength(1);
    expect(said).toEqual([expect.stringContaining("waiting")]);
    expect(readdirSync(folder)).toHaveLength(2); // the link and what it names
  });

  it("leaves nothing of what failed, and can be tried again", async () => {
    const { once } = countingOnce();
    const make = async (): Promise<void> => {
      throw new Error("no network");
    };
    await expect(makeOnce({ ...once, make })).rejects.toThrow("no network");
    await expect(makeOnce({ ...once, make: async () => {} })).rejects.toThrow("does not work");
    expect(readdirSync(folder)).toEqual([]);
    await makeOnce(once);
  });

  it("replaces what does not work any more, and clears up what was broken off", async () => {
    const { once, made } = countingOnce();
    const path = await makeOnce(once);
    rmSync(join(path, "file"));
    mkdirSync(join(folder, "thing.broken-off"));
    await makeOnce(once);
    expect(made).toHaveLength(2);
    expect(existsSync(join(path, "file"))).toBe(true);
    expect(readdirSync(folder)).toHaveLength(2);
  });
});

describe("withLock", () => {
  it("lets one in at a time", async () => {
    const lock = join(folder, "lock");
    let inside = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      expect(inside).toBe(1);
      await new Promise(setImmediate);
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(lock, work, { times })));
    expect(existsSync(lock)).toBe(false);
  });

  it("does not wait for a holder that died", async () => {
    const lock = join(folder, "lock");
    mkdirSync(lock);
    utimesSync(lock, new Date(0), new Date(0));
    expect(await withLock(lock, async () => "in", { times })).toBe("in");
  });

  it("is given back when the work fails", async () => {
    const lock = join(folder, "lock");
    const work = () => Promise.reject(new Error("failed"));
    await expect(withLock(lock, work, { times })).rejects.toThrow("failed");
    expect(existsSync(lock)).toBe(false);
  });
});
