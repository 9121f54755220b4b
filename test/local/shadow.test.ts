import { describe, expect, it } from "@jest/globals";
import type { Target } from "../../local/routes.ts";
import { type Copy, makeShadow } from "../../local/shadow.ts";
import { nowhere } from "./fakes.ts";

/** Copies that end when the test says so. */
const makeCopies = (reason?: string) => {
  const target: Target = {
    predictor: "s",
    weightPercent: 0,
    unavailable: () => reason,
    upstream: nowhere,
  };
  const sent: { readonly timeoutMs: number }[] = [];
  const settle: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const copyOf = (text: string): Copy => ({
    bytes: text.length,
    send: (_target, timeoutMs) => {
      sent.push({ timeoutMs });
      return new Promise<void>((resolve, reject) => settle.push({ resolve, reject }));
    },
  });
  return { target, sent, settle, copyOf };
};
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("makeShadow", () => {
  it("drops copies beyond its number until others have ended", async () => {
    const { target, sent, settle, copyOf } = makeCopies();
    const shadow = makeShadow({ mostAtOnce: 2, mostBytes: 1000, timeoutMs: 7 });
    for (let i = 0; i < 3; i += 1) shadow.copy(target, copyOf("x"));
    expect(sent).toEqual([{ timeoutMs: 7 }, { timeoutMs: 7 }]);
    expect(shadow.dropped()).toBe(1);
    settle[0]?.resolve();
    settle[1]?.reject(new Error("down"));
    await tick();
    shadow.copy(target, copyOf("x"));
    expect([sent.length, shadow.dropped()]).toEqual([3, 1]);
  });

  it("drops copies beyond its bytes", async () => {
    const { target, sent, settle, copyOf } = makeCopies();
    const shadow = makeShadow({ mostAtOnce: 9, mostBytes: 5, timeoutMs: 1 });
    shadow.copy(target, copyOf("12345"));
    shadow.copy(target, copyOf("6"));
    expect([sent.length, shadow.dropped()]).toEqual([1, 1]);
    settle[0]?.resolve();
    await tick();
    shadow.copy(target, copyOf("6"));
    expect(sent.length).toBe(2);
  });

  it("drops copies for a predictor that is unavailable", () => {
    const { target, sent, copyOf } = makeCopies("down");
    const shadow = makeShadow();
    shadow.copy(target, copyOf("x"));
    expect([sent.length, shadow.dropped()]).toEqual([0, 1]);
  });
});
