/** `espalier fetch` over connections that break, killed in the middle, and onto disks that are full. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll, closeAfterEach } from "../contract/cleanup.ts";
import { startBetween } from "./support/between.ts";
import { codeIn, filesIn, hasCome, startFetch } from "./support/fetch.ts";
import { keys, type S3Server, startS3, temporary } from "./support/servers.ts";

const always = closeAfterAll();
const later = closeAfterEach();

const megabyte = 1 << 20;
const body = randomBytes(8 * megabyte);
const Bucket = "models";

let store: S3Server;
beforeAll(async () => {
  store = await startS3(always);
  await store.client.send(new CreateBucketCommand({ Bucket }));
  for (const Key of ["one/model", "two/a", "two/b"]) await put(Key, body);
});

const put = (Key: string, Body: Buffer) =>
  store.client.send(new PutObjectCommand({ Bucket, Key, Body }));

const env = (port: number) => ({
  AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  AWS_ACCESS_KEY_ID: keys.id,
  AWS_SECRET_ACCESS_KEY: keys.secret,
});

const isWhole = (path: string): boolean => readFileSync(path).equals(body);

describe("espalier fetch, broken off", () => {
  it("goes on by itself where a connection breaks", async () => {
    const between = await startBetween(store.port, { later });
    for (let i = 0; i < 7; i++) between.plans.push({ cut: megabyte });
    const folder = temporary(later);
    const run = await startFetch(later, ["s3://models/one", folder], env(between.port)).done;
    expect([run.code, isWhole(join(folder, "model"))]).toEqual([0, true]);
    expect(between.passed.length).toBeGreaterThanOrEqual(8);
    expect(between.total()).toBeLessThan(body.length + between.passed.length * 200_000);
  });

  it("goes on where a process that was killed had stopped, and shows nothing before", async () => {
    const between = await startBetween(store.port, { later });
    between.most = 5 * megabyte;
    const folder = temporary(later);
    const args = ["s3://models/two", folder];
    const first = startFetch(later, args, env(between.port));
    await between.full();
    await hasCome(folder, between.total());
    first.kill();
    expect((await first.done).code).toBeNull();
    expect(filesIn(folder).filter((name) => !name.startsWith(".espalier-fetch/"))).toEqual([]);

    between.most = Number.POSITIVE_INFINITY;
    const again = await startFetch(later, args, env(between.port)).done;
    expect(again.code).toBe(0);
    expect(filesIn(folder)).toEqual(["a", "b"]);
    expect(["a", "b"].map((name) => isWhole(join(folder, name)))).toEqual([true, true]);
    expect(between.total()).toBe(2 * body.length); // no byte twice
  });

  it("begins anew where the object was changed meanwhile", async () => {
    await put("changed/model", body);
    const between = await startBetween(store.port, { later });
    between.most = 3 * megabyte;
    const folder = temporary(later);
    const args = ["s3://models/changed/model", folder];
    const first = startFetch(later, args, env(between.port));
    await between.full();
    await hasCome(folder, between.total());
    first.kill();
    await first.done;
    const other = randomBytes(2 * megabyte);
    await put("changed/model", other);
    between.most = Number.POSITIVE_INFINITY;
    expect((await startFetch(later, args, env(between.port)).done).code).toBe(0);
    expect(readFileSync(join(folder, "model")).equals(other)).toBe(true);
    expect(between.passed.at(-1)?.range).toBeUndefined();
  });
});

describe("espalier fetch, onto a full disk", () => {
  const disk = (size: string): string => {
    const folder = join(temporary(later), "mount");
    mkdirSync(folder);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
    } catch (cause) {
      throw new Error("a small disk needs the right to mount: run as root", { cause });
    }
    later(() => execFileSync("umount", [folder]));
    return folder;
  };

  it("says before the first byte that there is no room, and succeeds when there is", async () => {
    const folder = disk("1m");
    const between = await startBetween(store.port, { later });
    const run = await startFetch(later, ["s3://models/one", folder], env(between.port)).done;
    expect([run.code, codeIn(run), between.total()]).toEqual([1, "DISK_FULL", 0]);
    execFileSync("mount", ["-o", "remount,size=32m", folder]);
    const again = await startFetch(later, ["s3://models/one", folder], env(between.port)).done;
    expect([again.code, filesIn(folder)]).toEqual([0, ["model"]]);
  });

  it("says so too where only the disk itself tells, and goes on when there is room", async () => {
    const server = createServer(({ headers }, response) => {
      const from = Number(/\d+/.exec(headers.range ?? "0"));
      const range = `bytes ${from}-${body.length - 1}/${body.length}`;
      const isPart = from > 0 && headers["if-range"] === '"e"';
      response.writeHead(isPart ? 206 : 200, {
        ETag: '"e"',
        ...(isPart ? { "Content-Range": range } : {}),
      });
      starts.push(isPart ? from : 0);
      response.end(body.subarray(isPart ? from : 0)); // in chunks: its length is not told
      response.on("error", () => {});
    });
    const starts: number[] = [];
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    later(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo; // it listens on a port
    const folder = disk("2m");
    const args = [`http://127.0.0.1:${port}/model`, folder];
    const run = await startFetch(later, args, {}).done;
    expect([run.code, codeIn(run)]).toEqual([1, "DISK_FULL"]);
    execFileSync("mount", ["-o", "remount,size=32m", folder]);
    expect((await startFetch(later, args, {}).done).code).toBe(0);
    expect([filesIn(folder), isWhole(join(folder, "model"))]).toEqual([["model"], true]);
    expect(starts.at(-1)).toBeGreaterThan(megabyte);
  });
});
