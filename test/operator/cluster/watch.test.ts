import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeCache } from "../../../operator/cluster/cache.ts";
import { ClusterError } from "../../../operator/cluster/cluster.ts";
import type { Kind } from "../../../operator/cluster/kinds.ts";
import { makeWatch } from "../../../operator/cluster/watch.ts";
import type { Ask } from "../../../operator/cluster/wire.ts";
import { makeManualClock, settle } from "./manual-clock.ts";
import { makeFeed, makeScriptedWire, type Reply } from "./scripted-wire.ts";

const kind: Kind = { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" };

const item = (name: string, resourceVersion: string) => ({
  metadata: { name, namespace: "ns1", uid: name, resourceVersion },
});
const page = (version: string, items: readonly object[], next = ""): Reply => ({
  status: 200,
  body: { metadata: { resourceVersion: version, continue: next }, items },
});
const status = (code: number, reason = ""): Reply => ({
  status: code,
  body: { kind: "Status", code, reason, message: reason },
});

/** A server that answers from a script, request by request; the last reply goes on for ever. */
const begin = (script: readonly Reply[]) => {
  const clock = makeManualClock();
  const news: string[] = [];
  let turn = 0;
  const { wire, asks } = makeScriptedWire(() => {
    const reply = script[Math.min(turn, script.length - 1)];
    turn += 1;
    return reply ?? status(500);
  });
  const cache = makeCache({ wanted: () => true, changed: () => {} });
  const ending = new AbortController();
  const watch = makeWatch(
    { kind, namespace: "ns1", query: { labelSelector: "x" } },
    {
      ...{ wire, clock, sink: cache, random: () => 1 },
      events: {
        stateChanged: (state) => news.push(state),
        failed: ({ code }) => news.push(code),
        listed: () => news.push("listed"),
      },
    },
  );
  const run = watch.run(ending.signal);
  const kept = () =>
    cache.all().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
  return { clock, news, asks, cache, kept, ending, run };
};

const queryOf = (ask: Ask | undefined) => ask?.query ?? {};

describe("makeWatch", () => {
  let running: ReturnType<typeof begin>;
  let feed: ReturnType<typeof makeFeed>;
  beforeEach(() => {
    feed = makeFeed();
  });
  afterEach(async () => {
    running.ending.abort();
    feed.end();
    await running.run;
  });

  it("lists page by page, and watches from there", async () => {
    running = begin([page("7", [item("a", "3")], "more"), page("7", [item("b", "4")]), feed]);
    await settle();
    expect(running.kept()).toEqual(["a@3", "b@4"]);
    expect(running.news).toEqual(["current", "listed"]);
    expect(running.asks.map(({ verb, path }) => [verb, path])).toEqual([
      ["list", "/apis/apps/v1/namespaces/ns1/deployments"],
      ["list", "/apis/apps/v1/namespaces/ns1/deployments"],
      ["watch", "/apis/apps/v1/namespaces/ns1/deployments"],
    ]);
    expect(queryOf(running.asks[1])).toEqual({
      labelSelector: "x",
      limit: "500",
      continue: "more",
    });
    expect(queryOf(running.asks[2])).toEqual({
      ...{ labelSelector: "x", watch: "1", allowWatchBookmarks: "true" },
      ...{ resourceVersion: "7", timeoutSeconds: "600" },
    });
  });

  it("follows changes, and says what they are", async () => {
    running = begin([page("7", [item("a", "3")]), feed]);
    feed.send("ADDED", item("b", "8"));
    feed.send("MODIFIED", item("a", "9"));
    feed.send("DELETED", item("b", "10"));
    await settle();
    expect(running.kept()).toEqual(["a@9"]);
    expect(running.cache.all()[0]).toMatchObject({ apiVersion: "apps/v1", kind: "Deployment" });
  });

  it("goes on from a bookmark when the watch ends", async () => {
    const next = makeFeed();
    running = begin([page("7", []), feed, next]);
    feed.send("BOOKMARK", item("", "20"));
    await running.clock.pass(300_000);
    feed.end();
    await settle();
    expect(queryOf(running.asks[2])).toMatchObject({ resourceVersion: "20" });
    expect(running.news).toEqual(["current", "listed"]);
    next.end();
  });

  it("goes on from the last change when the watch breaks", async () => {
    const next = makeFeed();
    running = begin([page("7", []), feed, next]);
    feed.send("ADDED", item("a", "11"));
    feed.break(new ClusterError("UNAVAILABLE", "watch", "reset"));
    await running.clock.pass(500);
    expect(queryOf(running.asks[2])).toMatchObject({ resourceVersion: "11" });
    expect(running.news).toEqual(["current", "listed", "UNAVAILABLE"]);
    next.end();
  });

  it.each([
    { name: "in an event", expired: { code: 410 } },
    { name: "in the answer", expired: undefined },
  ])("lists again when the server has forgotten the version, $name", async ({ expired }) => {
    const next = makeFeed();
    const gone = expired === undefined ? status(410) : feed;
    running = begin([page("7", [item("a", "3")]), gone, page("30", [item("b", "29")]), next]);
    if (expired !== undefined) feed.send("ERROR", expired);
    feed.end();
    await running.clock.pass(500);
    expect(running.kept()).toEqual(["b@29"]);
    expect(running.news).toEqual(["current", "listed", "listed"]);
    next.end();
  });

  it("asks for one page when pages take longer than the server remembers", async () => {
    running = begin([page("7", [item("a", "3")], "more"), status(410), page("9", []), feed]);
    await settle();
    expect(queryOf(running.asks[2])).toEqual({ labelSelector: "x" });
    expect(running.news).toEqual(["current", "listed"]);
  });

  it("lists again after a line that it cannot read", async () => {
    const next = makeFeed();
    running = begin([page("7", []), feed, page("8", [item("a", "8")]), next]);
    feed.sendText("{");
    await running.clock.pass(500);
    expect(running.kept()).toEqual(["a@8"]);
    expect(running.news).toEqual(["current", "listed", "UNAVAILABLE", "listed"]);
    next.end();
  });

  it("waits ever longer while it is refused, half a minute at most", async () => {
    running = begin([status(403, "Forbidden")]);
    const waits: number[] = [];
    for (let turn = 0; turn < 9; turn++) {
      await settle();
      const [waitMs = 0] = running.clock.waiting;
      waits.push(waitMs);
      await running.clock.pass(waitMs);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(new Set(running.news)).toEqual(new Set(["FORBIDDEN"]));
  });

  it("does not spin when watches end at once", async () => {
    running = begin([page("7", []), { lines: (async function* () {})() }]);
    await settle();
    expect(running.clock.waiting).toEqual([500]);
  });

  it("asks now and then for a kind that is not served, and notices when it goes", async () => {
    const second = makeFeed();
    running = begin([
      ...[status(404), page("7", [item("a", "3")]), feed],
      ...[status(404), page("9", [item("b", "8")]), second],
    ]);
    await settle();
    expect([running.news, running.clock.waiting]).toEqual([["absent"], [60_000]]);
    await running.clock.pass(60_000);
    expect(running.kept()).toEqual(["a@3"]);
    await running.clock.pass(5_000);
    feed.end();
    await settle();
    expect(running.kept()).toEqual([]);
    await running.clock.pass(60_000);
    expect(running.kept()).toEqual(["b@8"]);
    expect(running.news).toEqual(["absent", "current", "listed", "absent", "current", "listed"]);
    second.end();
  });
});
