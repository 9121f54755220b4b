import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { StateShape, Sums } from "../../runtime/nodes/state-store.ts";
import { closeAfterEach } from "../contract/cleanup.ts";
import { startProxy } from "./support/proxy.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { openStore, type TestStore, until } from "./support/store.ts";

const later = closeAfterEach();

const shape: StateShape = { kind: "test/1", length: 4 };
const key = "espalier:ns:dep:p:node:sums:test/1:4";

const bytesOf = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => {
    bytes.writeDoubleLE(value, i * 8);
  });
  return bytes;
};

const storedOn = async ({ client }: TestServer): Promise<readonly number[]> => {
  const bytes = (await client.hgetBuffer(key, "sums")) ?? Buffer.alloc(0);
  return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
};

const open = async (url: string): Promise<TestStore & { readonly sums: Sums }> => {
  const opened = await openStore(later, url);
  return { ...opened, sums: opened.store.sums("node", shape) };
};

const reaches = (sums: Sums, ...want: readonly number[]): Promise<void> =>
  until(() => sums.values.join() === want.join());

describe("a state store on a server", () => {
  it("adds at once, and makes stores agree", async () => {
    const server = await startServer(later);
    const [a, b] = [await open(server.url), await open(server.url)];
    a.sums.add([0, 3], [1, 0.25]);
    expect([...a.sums.values]).toEqual([1, 0, 0, 0.25]);
    b.sums.add([0, 1], [2, -1]);
    await Promise.all([reaches(a.sums, 3, -1, 0, 0.25), reaches(b.sums, 3, -1, 0, 0.25)]);
    expect(await storedOn(server)).toEqual([3, -1, 0, 0.25]);
    expect(await a.metric("up")).toBe(1);
    expect(await a.metric("pending")).toBe(0);
    const c = await open(server.url);
    await reaches(c.sums, 3, -1, 0, 0.25);
    expect([...a.lines, ...b.lines, ...c.lines]).toEqual([]);
  });

  it("tells everything before it closes", async () => {
    const server = await startServer(later);
    const a = await open(server.url);
    a.sums.add([1], [1]);
    await until(async () => (await storedOn(server))[1] === 1);
    for (let i = 0; i < 100; i += 1) a.sums.add([1], [1]);
    await a.close();
    expect(await storedOn(server)).toEqual([0, 101, 0, 0]);
  });

  it("keeps states of one node apart by what they mean", async () => {
    const server = await startServer(later);
    const { store, sums } = await open(server.url);
    const longer = store.sums("node", { kind: "test/1", length: 5 });
    const other = store.sums("node", { kind: "test/2", length: 4 });
    sums.add([0], [1]);
    longer.add([0], [2]);
    other.add([0], [3]);
    await until(async () => (await server.client.keys("espalier:ns:dep:p:node:*")).length === 3);
    expect(store.sums("node", shape)).toBe(sums);
  });

  it("counts once what it sends again after its connection was cut", async () => {
    const server = await startServer(later);
    const stores = [await open(server.url), await open(server.url)];
    await server.client.ping();
    for (let round = 0; round < 150; round += 1) {
      for (const { sums } of stores) sums.add([round % 4], [1]);
      if (round % 3 === 0)
        await server.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      else await server.client.ping();
    }
    await until(async () => (await storedOn(server)).join() === "76,76,74,74");
    for (const { sums } of stores) await reaches(sums, 76, 76, 74, 74);
  });

  it("counts once what the server has added when its answer was lost", async () => {
    const server = await startServer(later);
    const proxy = await startProxy(later, server.port);
    const { sums, metric } = await open(proxy.url);
    for (let round = 1; round <= 20; round += 1) {
      await until(async () => (await metric("up")) === 1 && (await metric("pending")) === 0);
      proxy.loseNextAnswer();
      sums.add([0, 2], [1, 0.5]);
      await until(() => proxy.lost() === round);
      sums.add([0], [1]);
    }
    await until(async () => (await storedOn(server)).join() === "40,0,10,0");
    await reaches(sums, 40, 0, 10, 0);
    expect(await server.client.hkeys(key)).toHaveLength(6);
  });

  it("goes on without a server that is paused, and loses nothing", async () => {
    const server = await startServer(later);
    const [a, b] = [await open(server.url), await open(server.url)];
    a.sums.add([0], [1]);
    await reaches(b.sums, 1, 0, 0, 0);
    server.pause();
    a.sums.add([0], [1]);
    await until(async () => (await a.metric("up")) === 0);
    for (let i = 0; i < 1000; i += 1) a.sums.add([0], [1]);
    b.sums.add([2], [1]);
    expect([...a.sums.values]).toEqual([1002, 0, 0, 0]);
    expect(await a.metric("pending")).toBeGreaterThanOrEqual(1000);
    expect(await a.store.recall("node", "unknown")).toBeUndefined();
    server.resume();
    await Promise.all([reaches(a.sums, 1002, 0, 1, 0), reaches(b.sums, 1002, 0, 1, 0)]);
    expect(await storedOn(server)).toEqual([1002, 0, 1, 0]);
    expect(await a.metric("up")).toBe(1);
    expect(a.lines.map(({ level, msg }) => [level, msg])).toEqual([
      ["warn", "state store lost; deciding by what this engine knows"],
      ["info", "state store is back"],
    ]);
  });

  it("finds all of it on a server that was killed and writes down everything", async () => {
    const server = await startServer(later, ["--appendonly", "yes", "--appendfsync", "always"]);
    const stores = [await open(server.url), await open(server.url)];
    const adding = new AbortController();
    let added = 0;
    const work = (async () => {
      while (!adding.signal.aborted) {
        for (const { sums } of stores) sums.add([1], [1]);
        added += 2;
        await new Promise(setImmediate);
      }
    })();
    await until(async () => ((await storedOn(server))[1] ?? 0) > 0);
    await server.kill();
    await until(async () => (await stores[0]?.metric("up")) === 0);
    await server.start();
    await until(async () => (await stores[0]?.metric("up")) === 1);
    adding.abort();
    await work;
    await Promise.all(stores.map(({ sums }) => reaches(sums, 0, added, 0, 0)));
    expect((await storedOn(server))[1]).toBe(added);
  });

  it("gives a server that comes back with nothing what is known", async () => {
    const server = await startServer(later);
    const stores = [await open(server.url), await open(server.url), await open(server.url)];
    for (const { sums } of stores) sums.add([0, 1], [1, 0.5]);
    await Promise.all(stores.map(({ sums }) => reaches(sums, 3, 1.5, 0, 0)));
    await server.kill();
    for (const { sums } of stores) sums.add([0], [1]);
    await server.start();
    await Promise.all(stores.map(({ sums }) => reaches(sums, 6, 1.5, 0, 0)));
    expect(await storedOn(server)).toEqual([6, 1.5, 0, 0]);
  });

  it("starts without a server, and is found by it later", async () => {
    const server = await startServer(later);
    await server.kill();
    const { sums, metric, lines } = await open(server.url);
    sums.add([0], [1]);
    await until(() => lines.length > 0);
    expect(await metric("up")).toBe(0);
    await server.start();
    await until(async () => (await storedOn(server))[0] === 1);
    await until(() => lines.length > 1); // the store's own answer may come after the test's
    expect(lines.map(({ msg }) => msg)).toEqual([
      "state store lost; deciding by what this engine knows",
      "state store is back",
    ]);
  });

  it("does without scripts that the server has forgotten", async () => {
    const server = await startServer(later);
    const { sums, lines } = await open(server.url);
    sums.add([0], [1]);
    await until(async () => (await storedOn(server))[0] === 1);
    await server.client.script("FLUSH");
    sums.add([0], [1]);
    await until(async () => (await storedOn(server))[0] === 2);
    expect(lines).toEqual([]);
  });

  it("begins anew when told to", async () => {
    const server = await startServer(later);
    const [a, b] = [await open(server.url), await open(server.url)];
    a.sums.add([0], [5]);
    await reaches(b.sums, 5, 0, 0, 0);
    await server.client.hset(key, "reset", "1");
    await Promise.all([reaches(a.sums, 0, 0, 0, 0), reaches(b.sums, 0, 0, 0, 0)]);
    b.sums.add([1], [2]);
    await reaches(a.sums, 0, 2, 0, 0);
    expect(await server.client.hexists(key, "reset")).toBe(0);
  });
});

describe("a key that holds something else", () => {
  const state = { format: "1", kind: "test/1", length: "4", version: "v" };
  const rows: readonly {
    readonly name: string;
    readonly spoil: (server: TestServer) => Promise<unknown>;
    /** The sound numbers beside the unsound one are added to. */
    readonly addsTo?: boolean;
  }[] = [
    { name: "a string", spoil: ({ client }) => client.set(key, "garbage") },
    { name: "a list", spoil: ({ client }) => client.rpush(key, "garbage") },
    { name: "another hash", spoil: ({ client }) => client.hset(key, "colour", "red") },
    {
      name: "another format",
      spoil: ({ client }) => client.hset(key, { ...state, format: "2", sums: bytesOf(1, 2, 3, 4) }),
    },
    {
      name: "another kind",
      spoil: ({ client }) => client.hset(key, { ...state, kind: "x/1", sums: bytesOf(1, 2, 3, 4) }),
    },
    {
      name: "another length",
      spoil: ({ client }) => client.hset(key, { ...state, length: "5", sums: bytesOf(1, 2, 3, 4) }),
    },
    {
      name: "too few bytes",
      spoil: ({ client }) => client.hset(key, { ...state, sums: bytesOf(1, 2, 3) }),
    },
    { name: "no numbers", spoil: ({ client }) => client.hset(key, { ...state, sums: "garbage" }) },
    {
      name: "a number that is none, where something is added",
      spoil: ({ client }) => client.hset(key, { ...state, sums: bytesOf(Number.NaN, 2, 3, 4) }),
    },
    {
      name: "a sum out of bounds, where nothing is added",
      spoil: ({ client }) => client.hset(key, { ...state, sums: bytesOf(0, 0, 0, Infinity) }),
      addsTo: true,
    },
  ];

  it.each(rows)("$name: is told once, and poisons nothing", async ({ spoil, addsTo }) => {
    const server = await startServer(later);
    await spoil(server);
    const before = await server.client.dumpBuffer(key);
    const { sums, lines, metric } = await open(server.url);
    sums.add([0], [1]);
    await until(() => lines.length > 0);
    expect(lines).toMatchObject([
      { level: "error", msg: "state left alone; this engine learns by itself", key },
    ]);
    expect([...sums.values]).toEqual([1, 0, 0, 0]);
    expect(await metric("errors_total")).toBe(1);
    if (!addsTo) expect((await server.client.dumpBuffer(key))?.equals(before ?? "")).toBe(true);
    await server.client.del(key);
    sums.add([0], [1]);
    await until(async () => (await storedOn(server)).join() === "2,0,0,0");
    expect(lines).toHaveLength(1);
  });
});

describe("memories on a server", () => {
  it("are shared", async () => {
    const server = await startServer(later);
    const [a, b] = [await open(server.url), await open(server.url)];
    await until(async () => (await b.metric("up")) === 1);
    a.store.remember("node", "puid", [1, 0.5]);
    const id = "x".repeat(5000);
    a.store.remember("no:de", id, [2]);
    expect(await a.store.recall("node", "puid")).toEqual([1, 0.5]);
    await until(async () => (await b.store.recall("no:de", id)) !== undefined);
    let recalled: readonly number[] | undefined;
    await until(async () => {
      recalled = await b.store.recall("node", "puid"); // undefined after 50 ms without an answer
      return recalled !== undefined;
    });
    expect(recalled).toEqual([1, 0.5]);
    expect(await b.store.recall("node", id)).toBeUndefined();
    const ttl = await server.client.pttl("espalier:ns:dep:p:node:memory:puid");
    expect(ttl).toBeGreaterThan(500_000);
    expect(ttl).toBeLessThanOrEqual(600_000);
  });

  it.each(["garbage", "{}", '["a"]', "[null]", "[1e999]", ""])(
    "are nothing if they are %j",
    async (text) => {
      const server = await startServer(later);
      const { store, metric } = await open(server.url);
      await until(async () => (await metric("up")) === 1);
      await server.client.set("espalier:ns:dep:p:node:memory:puid", text);
      expect(await store.recall("node", "puid")).toBeUndefined();
    },
  );

  it("are waited for no longer than feedback may take", async () => {
    const server = await startServer(later);
    const { store, metric } = await open(server.url);
    await until(async () => (await metric("up")) === 1);
    server.pause();
    // Of two times that are over, the shorter is told first, however long the machine pauses.
    const longer = setTimeout(1000, "after a second");
    const told = await Promise.race([store.recall("node", "puid"), longer]);
    server.resume();
    expect(told).toBeUndefined();
  });
});

describe("a server that asks who is there", () => {
  it("gets the password, and nobody else does", async () => {
    const server = await startServer(later, ["--requirepass", "s3cret:@/"]);
    server.client.options.password = "s3cret:@/";
    const address = `127.0.0.1:${server.port}`;
    const right = await open(`redis://:${encodeURIComponent("s3cret:@/")}@${address}/0`);
    right.sums.add([0], [1]);
    await until(async () => (await storedOn(server))[0] === 1);
    const wrong = await open(`redis://:wr0ng@${address}`);
    wrong.sums.add([0], [1]);
    await until(() => wrong.lines.length > 0);
    expect(await wrong.metric("up")).toBe(0);
    await wrong.close();
    const told = JSON.stringify([...right.lines, ...wrong.lines]);
    expect(told).not.toContain("s3cret");
    expect(told).not.toContain("wr0ng");
  });

  it("has to allow no more than is documented", async () => {
    const server = await startServer(later);
    const page = readFileSync(new URL("../../docs/state.md", import.meta.url), "utf8");
    const [, listed = ""] = /and the commands\n([^.]*)\./.exec(page) ?? [];
    const commands = [...listed.matchAll(/`(\w+)`/g)].map(
      ([, name = ""]) => `+${name.toLowerCase()}`,
    );
    expect(commands.length).toBeGreaterThan(10);
    await server.client.call(
      "ACL",
      "SETUSER",
      "u",
      "on",
      ">pw",
      "~espalier:*",
      "-@all",
      ...commands,
    );
    const url = `redis://u:pw@127.0.0.1:${server.port}/1`;
    const [a, b] = [await open(url), await open(url)];
    a.sums.add([0], [1]);
    a.store.remember("node", "puid", [1]);
    await reaches(b.sums, 1, 0, 0, 0);
    await until(async () => (await b.store.recall("node", "puid")) !== undefined);
    b.sums.add([0], [1]);
    await reaches(a.sums, 2, 0, 0, 0);
    expect([...a.lines, ...b.lines]).toEqual([]);
  });
});
