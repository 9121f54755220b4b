import { describe, expect, it } from "@jest/globals";
import { block, data, frame, headers, rst, settings } from "../runtime/http2/wire.ts";
import { fuzzHttp2 } from "./http2.ts";
import { makeJudge } from "./http2-judge.ts";

const limitMs = 600_000; // half a minute on a machine that has nothing else to do

describe("a connection of ours", () => {
  it(
    "comes through sessions that were harmed",
    async () => {
      const found = await fuzzHttp2({ seed: 20_261_122, inputs: 100_000 });
      expect(found).not.toHaveProperty("what");
      // and the harm was neither too great nor too small to tell
      const { ended, wentOn, streams } = found;
      expect(ended).toBeGreaterThan(50_000);
      expect(wentOn).toBeGreaterThan(20_000);
      expect(streams).toBeGreaterThan(200_000);
    },
    limitMs,
  );
});

describe("makeJudge", () => {
  const ok = block(":status", "200");
  it.each([
    { name: "another frame first", sent: [headers(1, 0x5, ok)] },
    { name: "a body before its head", sent: [settings(), data(1, ok)] },
    { name: "a body after the end", sent: [settings(), headers(1, 0x5, ok), data(1, ok)] },
    { name: "a second head", sent: [settings(), headers(1, 0x4, ok), headers(1, 0x4, ok)] },
    { name: "a frame after a reset", sent: [settings(), rst(1, 8), rst(1, 8)] },
    { name: "an even stream", sent: [settings(), headers(2, 0x5, ok)] },
    { name: "window of nothing", sent: [settings(), frame(8, 0, 0, Buffer.alloc(4))] },
    { name: "a number without a field", sent: [settings(), headers(1, 0x5, Buffer.from([0xff]))] },
    {
      name: "an answer after the connection's end",
      sent: [settings(), frame(7, 0, 0, Buffer.alloc(8, 1)), headers(1, 0x5, ok)],
    },
  ])("finds $name", ({ sent }) => {
    expect(() => makeJudge("server").take(Buffer.concat(sent))).toThrow(Error);
  });
});
