/** Without a server; test/redis has one. */
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { Registry } from "prom-client";
import { makeLog } from "../../../host/log.ts";
import { openState, stateFaults } from "../../../runtime/store/open.ts";
import { closeAfterEach } from "../../contract/cleanup.ts";

const later = closeAfterEach();

const flags = { namespace: "ns", sdep: "dep", predictor: "p", state_dir: "off" };

const open = async (address: string) => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = makeLog("INFO", { write: (line) => lines.push(JSON.parse(line)) });
  const registry = new Registry();
  const state = await openState({ flags: { ...flags, state_store: address }, registry, log });
  later(state.close);
  return { ...state, lines, registry };
};

describe("a state store without its server", () => {
  it("lets the engine go on", async () => {
    const { store, lines, close, registry } = await open("redis://:secret@127.0.0.1:1");
    const sums = store.sums("node", { kind: "test/1", length: 2 });
    sums.add([1], [2]);
    store.remember("node", "puid", [1]);
    expect([...sums.values]).toEqual([0, 2]);
    expect(await store.recall("node", "puid")).toEqual([1]);
    expect(await store.recall("node", "other")).toBeUndefined();
    while (lines.length === 0) await setTimeout(2);
    expect(await registry.metrics()).toMatch(/^espalier_state_store_up 0$/m);
    expect(await registry.metrics()).toMatch(/^espalier_state_store_pending 1$/m);
    await close();
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ["warn", "state store lost; deciding by what this engine knows"],
      ["error", "state not stored"],
    ]);
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  it("connects to nothing for nodes that learn nothing", async () => {
    const { close, lines, registry } = await open("redis://127.0.0.1:1");
    await close();
    expect(lines).toEqual([]);
    expect(await registry.metrics()).toBe("\n");
  });
});

describe("stateFaults", () => {
  it("tells what is wrong with the address, and not what it is", () => {
    expect(stateFaults({ ...flags, state_store: "" })).toEqual([]);
    expect(stateFaults({ ...flags, state_store: "redis://h" })).toEqual([]);
    const faults = stateFaults({ ...flags, state_store: "http://:secret@h" });
    expect(faults).toEqual([expect.stringMatching(/^--state_store /)]);
    expect(faults.join()).not.toContain("secret");
  });
});
