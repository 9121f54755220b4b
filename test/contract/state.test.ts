/** What built-in nodes have learned outlives their engine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { UnitSource } from "../../api/plan.ts";
import { closeAfterEach } from "./cleanup.ts";
import { type Engine, openEngine, tryEngine } from "./engine.ts";
import { get, post } from "./rest.ts";

const later = closeAfterEach();

const graph: UnitSource = {
  name: "router",
  implementation: "UCB1",
  children: [
    { name: "a", implementation: "SIMPLE_MODEL" },
    { name: "b", implementation: "SIMPLE_MODEL" },
  ],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-state-"));
  later(() => rmSync(folder, { recursive: true, force: true }));
});

const open = (args: readonly string[] = ["--state_dir", folder], unit = graph): Promise<Engine> =>
  openEngine(later, unit, { args });

const learn = async ({ httpPort }: Engine): Promise<void> => {
  const puid = { "content-type": "application/json", "seldon-puid": "the-puid" };
  const question = JSON.stringify({ data: { ndarray: [[1]] } });
  expect((await post(httpPort, "/api/v1.0/predictions", question, puid)).status).toBe(200);
  const told = JSON.stringify({ response: { meta: { routing: { router: 1 } } }, reward: 1 });
  expect((await post(httpPort, "/api/v1.0/feedback", told)).status).toBe(200);
};

const learned = async ({ httpPort }: Engine): Promise<unknown> =>
  JSON.parse((await get(httpPort, "/api/v1.0/routers")).body.toString());

describe("--state_dir", () => {
  it("keeps what a router has learned, and where it sent requests", async () => {
    const first = await open();
    await learn(first);
    const before = await learned(first);
    expect(before).toMatchObject({ router: { branches: [{}, { rewards: 1, reward: 1 }] } });
    expect(await first.stop()).toBe(0);
    const second = await open();
    expect(await learned(second)).toEqual(before);
    const told = JSON.stringify({ response: { meta: { puid: "the-puid" } }, reward: 1 });
    expect((await post(second.httpPort, "/api/v1.0/feedback", told)).status).toBe(200);
    expect(await learned(second)).not.toEqual(before);
  });

  it("keeps nothing when it is off", async () => {
    const first = await open(["--state_dir", "off"]);
    const fresh = await learned(first);
    await learn(first);
    await first.stop();
    expect(await learned(await open(["--state_dir", "off"]))).toEqual(fresh);
  });

  it("begins anew with a branch more, and finds the old state again", async () => {
    const first = await open();
    await learn(first);
    const before = await learned(first);
    await first.stop();
    const more = { name: "c", implementation: "SIMPLE_MODEL" };
    const children = [...(graph.children ?? []), more];
    const wider = await open(["--state_dir", folder], { ...graph, children });
    expect(await learned(wider)).toMatchObject({ router: { branches: [{ rewards: 0 }, {}, {}] } });
    await learn(wider);
    await wider.stop();
    expect(await learned(await open())).toEqual(before);
  });
});

describe("--state_store", () => {
  it("is refused with a fault if it is no address, without repeating it", async () => {
    const started = await tryEngine(later, graph, { args: ["--state_store", "http://:secret@h"] });
    expect(started).toMatchObject({ exitCode: 1 });
    expect(JSON.stringify(started)).not.toContain("secret");
  });
});
