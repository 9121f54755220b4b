import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Registry } from "prom-client";
import { makeLog } from "../../../host/log.ts";
import { makeFileStore } from "../../../runtime/store/file-store.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";

const later = closeAfterEach();
const shape = { kind: "test/1", length: 3 };
const never = 1_000_000;

let base: string;
let folder: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "espalier-state-test-"));
  folder = join(base, "ns", "dep");
  later(() => rmSync(base, { recursive: true, force: true }));
});

const open = (over: { everyMs?: number; ownFolder?: string; now?: () => number } = {}) => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = makeLog("INFO", { write: (line) => lines.push(JSON.parse(line)) });
  const registry = new Registry();
  const { store, close } = makeFileStore({
    folder,
    ownFolder: undefined,
    everyMs: never,
    now: Date.now,
    registry,
    log,
    ...over,
  });
  later(close);
  const metric = async (name: string) =>
    (await registry.getMetricsAsJSON()).find((one) => one.name === `espalier_state_store_${name}`)
      ?.values[0]?.value;
  return { store, close, lines, metric };
};

const until = async (happened: () => boolean): Promise<void> => {
  while (!happened()) await setTimeout(2);
};

const file = (): string => join(folder, "state.jsonl");

describe("makeFileStore", () => {
  it("knows after a restart what it knew before", async () => {
    const first = open();
    first.store.sums("n", shape).add([0, 2], [1, 0.1]);
    first.store.remember("n", "puid", [2, 0.5]);
    await first.close();
    const second = open();
    expect([...second.store.sums("n", shape).values]).toEqual([1, 0, 0.1]);
    expect(await second.store.recall("n", "puid")).toEqual([2, 0.5]);
    expect([...first.lines, ...second.lines]).toEqual([]);
    expect(await second.metric("up")).toBe(1);
  });

  it("keeps to itself what it has", async () => {
    const { store, close } = open();
    store.sums("n", shape).add([0], [1]);
    await close();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(["state.jsonl"]);
  });

  it("leaves no trace of nodes that learn nothing", async () => {
    const { close, metric } = open();
    await close();
    expect(existsSync(folder)).toBe(false);
    expect(await metric("up")).toBeUndefined();
  });

  it("writes from time to time", async () => {
    const { store } = open({ everyMs: 10 });
    store.sums("n", shape).add([0], [1]);
    await until(() => existsSync(file()));
    expect([...open().store.sums("n", shape).values]).toEqual([1, 0, 0]);
  });

  it("lets two that overlap add to one state", async () => {
    const old = open({ everyMs: 10 });
    const before = old.store.sums("n", shape);
    before.add([0], [1]);
    await until(() => existsSync(file()));
    const next = open({ everyMs: 10 });
    const after = next.store.sums("n", shape);
    expect(after.values[0]).toBe(1);
    for (let round = 1; round <= 5; round += 1) {
      before.add([0], [1]);
      after.add([1], [1]);
      await until(() => after.values[0] === 1 + round && before.values[1] === round);
    }
    before.add([0], [10]);
    after.add([1], [10]);
    await Promise.all([old.close(), next.close()]);
    expect([...open().store.sums("n", shape).values]).toEqual([16, 15, 0]);
  });

  it("does not write what it only hears", async () => {
    const a = open({ everyMs: 10 });
    const b = open({ everyMs: 10 });
    const heard = b.store.sums("n", shape);
    a.store.sums("n", shape).add([0], [1]);
    await until(() => existsSync(file()));
    const written = statSync(file()).ino;
    await until(() => heard.values[0] === 1);
    await b.close();
    expect(statSync(file()).ino).toBe(written);
  });

  it("keeps states apart by what they mean, and those that nobody asks for", async () => {
    const first = open();
    first.store.sums("n", shape).add([0], [1]);
    first.store.sums("n", { kind: "test/1", length: 4 }).add([0], [2]);
    first.store.sums("n", { kind: "test/2", length: 3 }).add([0], [3]);
    await first.close();
    const second = open();
    second.store.sums("n", shape).add([0], [10]);
    await second.close();
    const third = open();
    expect(third.store.sums("n", shape).values[0]).toBe(11);
    expect(third.store.sums("n", { kind: "test/1", length: 4 }).values[0]).toBe(2);
    expect(third.store.sums("n", { kind: "test/2", length: 3 }).values[0]).toBe(3);
    expect(third.store.sums("n", shape)).toBe(third.store.sums("n", shape));
  });

  it.each(["garbage", "", "\0\0\0", "{}\n{}\n"])("keeps %j aside and starts anew", async (text) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file(), text);
    const { store, lines, close } = open();
    const sums = store.sums("n", shape);
    expect([...sums.values]).toEqual([0, 0, 0]);
    expect(lines).toMatchObject([{ level: "error", keptAs: `${file()}.broken` }]);
    expect(readFileSync(`${file()}.broken`, "utf8")).toBe(text);
    sums.add([0], [1]);
    await close();
    expect(open().store.sums("n", shape).values[0]).toBe(1);
  });

  it("gives again what somebody has spoiled while it ran", async () => {
    const { store, close } = open({ everyMs: 10 });
    const sums = store.sums("n", shape);
    sums.add([0], [5]);
    await until(() => existsSync(file()));
    writeFileSync(file(), "garbage");
    await until(() => existsSync(`${file()}.broken`));
    await close();
    expect(open().store.sums("n", shape).values[0]).toBe(5);
  });

  it("goes on when it cannot write, and writes when it can", async () => {
    writeFileSync(join(base, "ns"), "a file, where a folder should be");
    const { store, lines, close, metric } = open({ everyMs: 10 });
    const sums = store.sums("n", shape);
    sums.add([0], [1]);
    await until(() => lines.length > 0);
    expect(await metric("up")).toBe(0);
    sums.add([0], [1]);
    expect(sums.values[0]).toBe(2);
    rmSync(join(base, "ns"));
    await until(() => lines.length > 1);
    expect(lines.map(({ level }) => level)).toEqual(["warn", "info"]);
    await close();
    expect(open().store.sums("n", shape).values[0]).toBe(2);
  });

  it("forgets at a restart what was to be remembered no longer", async () => {
    const first = open({ now: () => 0 });
    first.store.remember("n", "puid", [1]);
    await first.close();
    const second = open({ now: () => 700_000 });
    expect(await second.store.recall("n", "puid")).toBeUndefined();
  });

  it("passes over a lock that a dead process left", async () => {
    const first = open();
    first.store.sums("n", shape).add([0], [1]);
    await first.close();
    mkdirSync(`${file()}.lock`);
    utimesSync(`${file()}.lock`, 0, 0);
    const second = open();
    second.store.sums("n", shape).add([0], [1]);
    await second.close();
    expect(open().store.sums("n", shape).values[0]).toBe(2);
  });

  it.each([
    {
      name: "everybody may write to",
      make: (place: string) => {
        mkdirSync(place);
        chmodSync(place, 0o777);
      },
    },
    { name: "leads elsewhere", make: (place: string) => symlinkSync(tmpdir(), place) },
  ])("does not use a folder among temporary files that $name", async ({ make }) => {
    const ownFolder = join(base, "ns");
    make(ownFolder);
    const { store, lines, close } = open({ ownFolder });
    store.sums("n", shape).add([0], [1]);
    await close();
    expect(lines[0]).toMatchObject({ level: "warn" });
    expect(existsSync(file())).toBe(false);
  });
});
