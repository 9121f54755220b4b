/** h2load, ab, wrk and nghttp: many requests, and what they say of the answers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { closeAfterAll } from "../contract/cleanup.ts";
import { predictions, predictRpc, type Started, startEchoed } from "./support/engine.ts";
import { runTool } from "./support/tools.ts";
import { numbered, textMessage } from "./typescript/messages.ts";

const later = closeAfterAll();

let started: Started;
let folder: string;
const file = (name: string): string => join(folder, name);
beforeAll(async () => {
  started = await startEchoed(later);
  folder = mkdtempSync(join(tmpdir(), "espalier-interop-"));
  later(() => rmSync(folder, { recursive: true }));
  writeFileSync(file("small"), small);
  writeFileSync(file("large"), JSON.stringify({ strData: numbered(7, 100_000) }));
  for (const [name, bytes] of [
    ["rpc-small", 100],
    ["rpc-large", 100_000],
  ] as const) {
    const message = textMessage(numbered(7, bytes));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    writeFileSync(file(name), Buffer.concat([head, message])); // Source: gRPC over HTTP/2, Length-Prefixed-Message
    rpcBytes[name] = message.length + head.length;
  }
});

const small = JSON.stringify({ strData: "0123456789".repeat(10) });
const rpcBytes: Record<string, number> = {};
const json = "content-type: application/json";

/** What h2load says at its end. */
const h2load = async (...args: readonly string[]) => {
  const { code, out, err } = await runTool("h2load", args);
  if (code !== 0) throw new Error(`h2load: ${err}${out}`);
  const count = (what: RegExp): number => Number(what.exec(out)?.[1]?.replace(/,/g, ""));
  return {
    succeeded: count(/(\d+) succeeded/),
    failed: count(/(\d+) failed/),
    errored: count(/(\d+) errored/),
    good: count(/status codes: (\d+) 2xx/),
    /** Of bodies. */
    bytes: count(/\((\d+)\) data/),
  };
};

const right = (count: number) => ({ succeeded: count, failed: 0, errored: 0, good: count });

describe("h2load over HTTP/1.1", () => {
  it.each([
    { name: "small", count: 3000, clients: 20, pipelined: 1 },
    { name: "small", count: 3000, clients: 4, pipelined: 16 },
    { name: "large", count: 300, clients: 8, pipelined: 1 },
    { name: "large", count: 300, clients: 2, pipelined: 4 },
  ])("has $count $name requests answered by $clients clients, $pipelined at once", async (row) => {
    const { name, count, clients, pipelined } = row;
    const told = await h2load(
      ...["--h1", "-n", String(count), "-c", String(clients), "-m", String(pipelined)],
      ...["-d", file(name), "-H", json, started.engine.url + predictions],
    );
    expect(told).toMatchObject(right(count));
  });
});

describe("h2load over gRPC", () => {
  it.each([
    { name: "rpc-small", count: 3000, clients: 4, streams: 50 },
    { name: "rpc-small", count: 2000, clients: 1, streams: 1000 },
    { name: "rpc-small", count: 1000, clients: 50, streams: 1 },
    { name: "rpc-large", count: 200, clients: 2, streams: 20 },
  ])("has $count $name calls answered by $clients clients, $streams at once", async (row) => {
    const { name, count, clients, streams } = row;
    const told = await h2load(
      ...["-n", String(count), "-c", String(clients), "-m", String(streams), "-d", file(name)],
      ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
      `http://${started.engine.grpc}${predictRpc}`,
    );
    expect(told).toEqual({ ...right(count), bytes: count * (rpcBytes[name] ?? 0) });
  });
});

describe("nghttp", () => {
  it("sees the answer, its headers and its trailers", async () => {
    const { out } = await runTool("nghttp", [
      ...["-v", "-d", file("rpc-small"), "-H", ":method: POST"],
      ...["-H", "content-type: application/grpc", "-H", "te: trailers", "-H", "seldon-puid: mine"],
      `http://${started.engine.grpc}${predictRpc}`,
    ]);
    for (const line of [
      ":status: 200",
      "content-type: application/grpc",
      "seldon-puid: mine",
      "grpc-status: 0",
    ]) {
      expect(out).toContain(line);
    }
    expect(out).toContain(numbered(7, 100));
  });
});

describe("ab", () => {
  it.each([
    { name: "keeps its connections", flags: ["-k"] },
    { name: "opens one for each", flags: [] },
  ])("$name and gets all answers", async ({ flags }) => {
    const { code, out, err } = await runTool("ab", [
      ...["-q", ...flags, "-n", "2000", "-c", "20", "-p", file("small"), "-T", "application/json"],
      started.engine.url + predictions,
    ]);
    expect({ code, err }).toMatchObject({ code: 0 });
    const count = (what: string): number => Number(new RegExp(`${what}:\\s+(\\d+)`).exec(out)?.[1]);
    expect(count("Complete requests")).toBe(2000);
    expect(count("Failed requests")).toBe(0);
    expect(out).not.toContain("Non-2xx");
    expect(count("Document Length")).toBe(small.length);
    if (flags.includes("-k")) expect(count("Keep-Alive requests")).toBe(2000);
  });
});

describe("wrk", () => {
  it("gets each time the answer that it wants", async () => {
    writeFileSync(
      file("ask.lua"),
      `wrk.method, wrk.body = "POST", '${small}'
       wrk.headers["Content-Type"] = "application/json"
       threads = {}
       function setup(thread) table.insert(threads, thread) end
       function init() wrong = 0; answered = 0 end
       function response(status, _, body)
         answered = answered + 1
         if status ~= 200 or body ~= wrk.body then wrong = wrong + 1 end
       end
       function done(summary)
         local all, bad = 0, 0
         for _, thread in ipairs(threads) do all = all + thread:get("answered"); bad = bad + thread:get("wrong") end
         local e = summary.errors
         print("answered " .. all .. " wrong " .. bad .. " errors " .. e.connect + e.read + e.write + e.status + e.timeout)
       end`,
    );
    const { out } = await runTool("wrk", [
      ...[
        "-t",
        "1",
        "-c",
        "20",
        "-d",
        "2s",
        "--timeout",
        "40s",
        "-s",
        file("ask.lua"),
        started.engine.url + predictions,
      ],
    ]);
    const [, answered = "", wrong, errors] =
      /answered (\d+) wrong (\d+) errors (\d+)/.exec(out) ?? [];
    expect({ wrong, errors }).toEqual({ wrong: "0", errors: "0" });
    expect(Number(answered)).toBeGreaterThan(100);
  });
});
