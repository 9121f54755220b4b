import type { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { makeLookup } from "../../../runtime/payload-log/lookup.ts";

type Callback = Parameters<LookupFunction>[2];

/** A resolver that answers when told. */
const setUp = () => {
  const asked: { readonly name: string; readonly answer: Callback }[] = [];
  const resolve = (name: string, _: unknown, answer: Callback): void => {
    asked.push({ name, answer });
  };
  return { asked, find: makeLookup(resolve as unknown as typeof lookup) }; // one of its overloads
};

const notFound: NodeJS.ErrnoException = Object.assign(new Error("none"), { code: "ENOTFOUND" });

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick"] });
});
afterEach(() => {
  jest.useRealTimers();
});

describe("makeLookup", () => {
  it("asks once for a name while others wait for it, and again later", () => {
    const { asked, find } = setUp();
    const got: unknown[] = [];
    const take: Callback = (...answer) => got.push(answer);
    find("sink", {}, take);
    find("sink", {}, take);
    find("other", {}, take);
    expect(asked.map(({ name }) => name)).toEqual(["sink", "other"]);
    asked[0]?.answer(null, "10.0.0.1", 4);
    expect(got).toEqual([
      [null, "10.0.0.1", 4],
      [null, "10.0.0.1", 4],
    ]);
    find("sink", {}, take);
    expect(asked).toHaveLength(3);
  });

  it("asks apart for one address and for all", () => {
    const { asked, find } = setUp();
    find("sink", { all: true }, () => {});
    find("sink", {}, () => {});
    expect(asked).toHaveLength(2);
  });

  it("asks not again for a name that was not found a moment ago", async () => {
    const { asked, find } = setUp();
    find("sink", {}, () => {});
    asked[0]?.answer(notFound, "");
    const again = new Promise((resolve) => {
      find("sink", {}, resolve);
    });
    expect(await again).toBe(notFound);
    expect(asked).toHaveLength(1);
    jest.advanceTimersByTime(1001);
    find("sink", {}, () => {});
    expect(asked).toHaveLength(2);
  });
});
