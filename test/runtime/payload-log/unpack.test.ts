import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { claimedBytes, makeUnpack } from "../../../runtime/payload-log/unpack.ts";

const lying = (body: Buffer, bytes: number): Buffer => {
  const copy = Buffer.from(body);
  copy.writeUInt32LE(bytes, copy.length - 4);
  return copy;
};

const text = Buffer.from("payload ".repeat(5000));
const packed = gzipSync(text);

describe("claimedBytes", () => {
  it.each([
    { name: "a gzip body", body: packed, want: text.length },
    { name: "an empty one", body: gzipSync(""), want: 0 },
    { name: "what is too short for gzip", body: Buffer.from("abcdefgh"), want: 0 },
    { name: "nothing", body: Buffer.alloc(0), want: 0 },
  ])("reads $name", ({ body, want }) => {
    expect(claimedBytes(body)).toBe(want);
  });
});

describe("makeUnpack", () => {
  it.each([
    { name: "a body", body: packed, want: text },
    { name: "an empty body", body: gzipSync(""), want: Buffer.alloc(0) },
    { name: "a body of one byte", body: gzipSync("x"), want: Buffer.from("x") },
  ])("unpacks $name", async ({ body, want }) => {
    expect((await makeUnpack()(body)).equals(want)).toBe(true);
  });

  it.each([
    { name: "no gzip", body: Buffer.from("this is no gzip at all") },
    { name: "half a body", body: packed.subarray(0, packed.length / 2) },
    { name: "more than it says", body: lying(packed, 10) },
    {
      name: "two parts, the last of which tells less",
      body: Buffer.concat([packed, gzipSync("x")]),
    },
    { name: "nothing", body: Buffer.alloc(0) },
  ])("refuses $name", async ({ body }) => {
    await expect(makeUnpack()(body)).rejects.toMatchObject({ code: "MESSAGE_UNREADABLE" });
  });

  it("goes on after a body that it refused", async () => {
    const unpack = makeUnpack();
    const bad = unpack(Buffer.from("this is no gzip at all"));
    const good = unpack(packed);
    await expect(bad).rejects.toMatchObject({ code: "MESSAGE_UNREADABLE" });
    expect((await good).equals(text)).toBe(true);
  });
});
