import { constants } from "node:http2";
import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import {
  codeOfReset,
  fieldOf,
  type Head,
  messageBytes,
  sameFields,
  statusFields,
} from "../../local/grpc-wire.ts";
import { hearOneMessage } from "../../local/one-message.ts";

const headOf = (raw: readonly string[], named: Head["named"] = {}): Head => {
  const pairs = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]] as const] : []));
  return { raw, named: { ...Object.fromEntries(pairs), ...named } };
};

describe("sameFields", () => {
  it.each([
    {
      name: "single fields",
      head: headOf([":path", "/p", "a", "1"]),
      want: { ":path": "/p", a: "1" },
    },
    {
      name: "repeated fields",
      head: headOf(["a", "1", "b", "x", "a", "2"], { a: "1, 2" }),
      want: { a: ["1", "2"], b: "x" },
    },
    {
      name: "a repeated field that there is once",
      head: headOf(["user-agent", "a", "user-agent", "b"], { "user-agent": "a" }),
      want: { "user-agent": "a" },
    },
    {
      name: "cookies",
      head: headOf(["cookie", "a=1", "cookie", "b=2"], { cookie: "a=1; b=2" }),
      want: { cookie: "a=1; b=2" },
    },
    {
      name: "names that objects have",
      head: headOf(["__proto__", "x", "constructor", "y"]),
      want: Object.assign(Object.create(null), { constructor: "y" }),
    },
  ])("keeps $name", ({ head, want }) => {
    expect({ ...sameFields(head) }).toMatchObject(want);
  });
});

describe("fieldOf", () => {
  it("takes an empty field for none", () => {
    expect(fieldOf(headOf(["seldon", ""]), "seldon")).toBeUndefined();
    expect(fieldOf(headOf(["seldon", "d"]), "seldon")).toBe("d");
  });
});

describe("statusFields", () => {
  it.each([
    { message: "plain, with spaces", want: "plain, with spaces" },
    { message: "100 %\n", want: "100 %25%0A" },
    { message: "grün", want: "gr%C3%BCn" },
  ])("escapes $message", ({ message, want }) => {
    expect(statusFields("NOT_FOUND", message)).toEqual({
      "grpc-status": "5",
      "grpc-message": want,
    });
  });
});

describe("codeOfReset", () => {
  it.each([
    { reason: constants.NGHTTP2_NO_ERROR, want: "INTERNAL" },
    { reason: constants.NGHTTP2_REFUSED_STREAM, want: "UNAVAILABLE" },
    { reason: constants.NGHTTP2_CANCEL, want: "CANCELLED" },
    { reason: constants.NGHTTP2_ENHANCE_YOUR_CALM, want: "RESOURCE_EXHAUSTED" },
    { reason: constants.NGHTTP2_INADEQUATE_SECURITY, want: "PERMISSION_DENIED" },
  ])("takes $reason for $want", ({ reason, want }) => {
    expect(codeOfReset(reason)).toBe(want);
  });
});

describe("messageBytes", () => {
  it.each([
    { start: [], want: undefined },
    { start: [0, 0, 0, 0], want: undefined },
    { start: [0, 0, 0, 0, 0], want: 5 },
    { start: [1, 0, 0, 1, 2, 99], want: 263 },
    { start: [0, 255, 255, 255, 255], want: 4_294_967_300 },
  ])("reads $start", ({ start, want }) => {
    expect(messageBytes(Buffer.from(start))).toBe(want);
  });
});

describe("hearOneMessage", () => {
  const message = [0, 0, 0, 0, 3, 7, 8, 9];
  it.each<{ name: string; chunks: number[][]; want: number[] | undefined }>([
    { name: "a message", chunks: [message], want: message },
    { name: "a message in pieces", chunks: message.map((byte) => [byte]), want: message },
    { name: "an empty message", chunks: [[0, 0, 0, 0, 0]], want: [0, 0, 0, 0, 0] },
    { name: "two messages", chunks: [message, message], want: undefined },
    { name: "two messages at once", chunks: [[...message, ...message]], want: undefined },
    { name: "half a message", chunks: [message.slice(0, 6)], want: undefined },
    { name: "half a prefix", chunks: [[0, 0]], want: undefined },
    { name: "nothing", chunks: [], want: undefined },
    { name: "a large message", chunks: [[0, 0, 0, 0, 8], Array(8).fill(1)], want: undefined },
  ])("listens to $name", async ({ chunks, want }) => {
    const call = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
    const heard: Buffer[] = [];
    hearOneMessage(call, (one) => heard.push(one), 12);
    await new Promise((resolve) => call.on("end", resolve));
    expect(heard).toEqual(want === undefined ? [] : [Buffer.from(want)]);
  });

  it("hears of no message of a call that breaks off", async () => {
    const call = new Readable({ read: () => {} });
    const heard: Buffer[] = [];
    hearOneMessage(call, (one) => heard.push(one));
    call.push(Buffer.from(message));
    const closed = new Promise((resolve) => call.on("close", resolve));
    call.destroy();
    await closed;
    expect(heard).toEqual([]);
  });
});
