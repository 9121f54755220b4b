/** The harness itself: what it has to see, it sees. */

import { Metadata } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "@jest/globals";
import { closeAfterEach } from "../../contract/cleanup.ts";
import { openGrpcHost } from "../../contract/grpc.ts";
import { openRestHost } from "../../contract/rest.ts";
import { isClean, makeFaultLog } from "./judge.ts";
import { type Load, startLoad, totalOf } from "./load.ts";
import { predictions } from "./rest-text.ts";
import { makeRandom } from "./schedule.ts";

const later = closeAfterEach();
let load: Load | undefined;
afterEach(() => load?.stop());

/** What a request is answered with: itself, another one's body or id, an error, or nothing. */
type Reply = { readonly id: string; readonly body: Buffer } | "error" | "nothing";
type Engine = (id: string, body: Buffer) => Reply | Promise<Reply>;

/** Something that answers in the engine's place, over REST and gRPC. */
const startAgainst = async (engine: Engine, deadlineMs = 30_000): Promise<Load> => {
  const never = new Promise<never>(() => {});
  const rest = await openRestHost(later, {
    [predictions]: async ({ headers, body }) => {
      const reply = await engine(String(headers["seldon-puid"]), body);
      if (reply === "nothing") return never;
      if (reply === "error")
        return {
          status: 500,
          body: "",
          headers: { "seldon-puid": String(headers["seldon-puid"]), "content-length": "0" },
        };
      return {
        body: reply.body,
        headers: { "seldon-puid": reply.id, "content-length": String(reply.body.length) },
      };
    },
  });
  const grpc = await openGrpcHost(later, {
    unary: {
      "/seldon.protos.Seldon/Predict": async ({ body, metadata, sendInitial }) => {
        const reply = await engine(String(metadata.get("seldon-puid")[0]), body);
        if (reply === "nothing") return never;
        if (reply === "error") throw { code: 14, details: "" };
        const initial = new Metadata();
        initial.set("seldon-puid", reply.id);
        sendInitial(initial);
        return reply.body;
      },
    },
  });
  load = startLoad({
    httpPort: rest.httpPort,
    grpcPort: grpc.grpcPort,
    log: makeFaultLog(),
    random: makeRandom(1),
    deadlineMs,
    perSecond: 500,
  });
  return load;
};

/** Does `odd` to one request of so many. */
const each = (nth: number, odd: Engine): Engine => {
  let asked = 0;
  return (id, body) => {
    asked += 1;
    return asked % nth === 0 ? odd(id, body) : { id, body };
  };
};

/** Gives every second of these requests the answer of the one before it, and the other way round. */
const swap = (what: "body" | "both"): Engine => {
  let first: { id: string; body: Buffer; go: (reply: Reply) => void } | undefined;
  return (id, body) => {
    const held = first;
    if (held === undefined) {
      return new Promise((go) => {
        first = { id, body, go };
      });
    }
    first = undefined;
    const given = (own: string, other: { id: string; body: Buffer }): Reply =>
      what === "both" ? other : { id: own, body: other.body };
    held.go(given(held.id, { id, body }));
    return given(id, held);
  };
};

describe("startLoad", () => {
  it("finds nothing wrong with what echoes", async () => {
    const { tally, judged } = await startAgainst((id, body) => ({ id, body }));
    await judged(400);
    expect(tally.right).toBe(totalOf(tally));
    expect(isClean(tally)).toBe(true);
  });

  it.each<{
    name: string;
    engine: Engine;
    found: "mixed" | "lost" | "unexplained";
    deadlineMs?: number;
  }>([
    { name: "bodies that are swapped", engine: each(20, swap("body")), found: "mixed" },
    { name: "whole answers that are swapped", engine: each(20, swap("both")), found: "mixed" },
    { name: "another id", engine: each(50, (_, body) => ({ id: "s-0", body })), found: "mixed" },
    {
      name: "one byte of another body",
      engine: each(50, (id, body) => {
        const bent = Buffer.from(body);
        bent[bent.length - 4] = 0x78;
        return { id, body: bent };
      }),
      found: "mixed",
    },
    {
      name: "answers that never come",
      engine: each(50, () => "nothing"),
      found: "lost",
      deadlineMs: 300,
    },
    { name: "errors without a fault", engine: each(50, () => "error"), found: "unexplained" },
  ])("finds $name", async ({ engine, found, deadlineMs }) => {
    const { tally, judged } = await startAgainst(engine, deadlineMs);
    await judged(400);
    expect(tally[found]).toBeGreaterThan(0);
    expect(isClean(tally)).toBe(false);
    expect(tally.problems[0]).toContain(found);
  });
});
