import { describe, expect, it } from "@jest/globals";
import type { Target } from "../../local/routes.ts";
import { makeShadow } from "../../local/shadow.ts";
import type { HttpCall } from "../../runtime/client/http.ts";
import type { HttpReply } from "../../runtime/client/reply-reader.ts";
import { EngineError } from "../../runtime/errors.ts";
import { cancel, makeScope } from "../../runtime/scope.ts";

const callOf = (body: string): HttpCall => ({
  method: "POST",
  path: "/",
  headerLines: "",
  body: Buffer.from(body),
  timeoutMs: 0,
  scope: makeScope(),
});

/** A target whose calls end when the test says so. */
const makeTarget = (reason?: string) => {
  const calls: HttpCall[] = [];
  const settle: { resolve: (reply: HttpReply) => void; reject: (error: Error) => void }[] = [];
  const target: Target = {
    predictor: "s",
    weightPercent: 0,
    unavailable: () => reason,
    upstream: {
      port: 0,
      send: (call) => {
        calls.push(call);
        return new Promise((resolve, reject) => settle.push({ resolve, reject }));
      },
      idle: () => Promise.resolve(),
      close: () => {},
    },
  };
  return { target, calls, settle };
};
const reply: HttpReply = { status: 200, headers: [], body: Buffer.alloc(0) };
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("makeShadow", () => {
  it("drops copies beyond its number until others have ended", async () => {
    const { target, calls, settle } = makeTarget();
    const shadow = makeShadow({ mostAtOnce: 2, mostBytes: 1000, timeoutMs: 1 });
    for (let i = 0; i < 3; i += 1) shadow.copy(target, callOf("x"));
    expect([calls.length, shadow.dropped()]).toEqual([2, 1]);
    settle[0]?.resolve(reply);
    settle[1]?.reject(new Error("down"));
    await tick();
    shadow.copy(target, callOf("x"));
    expect([calls.length, shadow.dropped()]).toEqual([3, 1]);
  });

  it("drops copies beyond its bytes", async () => {
    const { target, calls, settle } = makeTarget();
    const shadow = makeShadow({ mostAtOnce: 9, mostBytes: 5, timeoutMs: 1 });
    shadow.copy(target, callOf("12345"));
    shadow.copy(target, callOf("6"));
    expect([calls.length, shadow.dropped()]).toEqual([1, 1]);
    settle[0]?.resolve(reply);
    await tick();
    shadow.copy(target, callOf("6"));
    expect(calls.length).toBe(2);
  });

  it("drops copies for a predictor that is unavailable", () => {
    const { target, calls } = makeTarget("down");
    const shadow = makeShadow();
    shadow.copy(target, callOf("x"));
    expect([calls.length, shadow.dropped()]).toEqual([0, 1]);
  });

  it("goes on when the main client leaves", () => {
    const { target, calls } = makeTarget();
    const call = callOf("x");
    makeShadow().copy(target, call);
    cancel(call.scope, new EngineError("CLIENT_GONE", "left"));
    expect(calls[0]?.scope.reason).toBeUndefined();
  });
});
