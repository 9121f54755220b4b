import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isAmidst, makeReader, readOn } from "../../../runtime/grpc/messages.ts";
import { grpcCodes } from "../../../runtime/grpc-status.ts";
import { framed } from "../../contract/http2.ts";

const limit = 2_000_000;

/** All messages in these chunks, and what was left. */
const readAll = (chunks: readonly Buffer[], limitBytes = limit) => {
  const reader = makeReader(limitBytes);
  const messages: { readonly body: Buffer; readonly packed: boolean }[] = [];
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length && reader.fault === undefined; ) {
      at = readOn(reader, chunk, at);
      if (reader.message === undefined) continue;
      messages.push({ body: reader.message, packed: reader.packed });
      reader.message = undefined;
    }
    chunk.fill(0xee); // it is the reader's only until then
  }
  return { messages, fault: reader.fault?.code, amidst: isAmidst(reader) };
};

/** `bytes` in pieces of these sizes, again and again. */
const cut = (bytes: Buffer, sizes: readonly number[]): readonly Buffer[] => {
  const chunks: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    chunks.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return chunks;
};

describe("readOn", () => {
  it("finds messages however their bytes come", () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(bodies, sizes, (given, pieces) => {
        const sent = given.map((body) => Buffer.from(body));
        const { messages, fault, amidst } = readAll(
          cut(Buffer.concat(sent.map((body, i) => framed(body, i % 2))), pieces),
        );
        expect(fault).toBeUndefined();
        expect(amidst).toBe(false);
        expect(messages).toEqual(sent.map((body, i) => ({ body, packed: i % 2 === 1 })));
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it("grows with a large message, and keeps to its size", () => {
    const body = Buffer.alloc(1_500_001, "abcdefg");
    const { messages } = readAll(cut(framed(body), [70_000, 3, 16_384]));
    expect(messages).toHaveLength(1);
    expect(messages[0]?.body.equals(body)).toBe(true);
  });

  it("takes little memory on the word of a prefix", () => {
    const reader = makeReader(2 ** 32);
    const chunk = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]);
    readOn(reader, chunk, 0);
    expect(reader.length).toBe(2 ** 32 - 1);
    expect(reader.body?.length).toBeLessThan(1_000_000);
  });

  it.each([1, 4, 5, 7])("is amidst a message after %i bytes", (size) => {
    const { messages, amidst } = readAll([framed(Buffer.from("hello")).subarray(0, size)]);
    expect({ count: messages.length, amidst }).toEqual({ count: 0, amidst: true });
  });

  it("refuses what is larger than the limit before it comes", () => {
    expect(readAll([framed(Buffer.alloc(10))], 10).fault).toBeUndefined();
    expect(readAll([framed(Buffer.alloc(11)).subarray(0, 5)], 10).fault).toBe(
      grpcCodes.RESOURCE_EXHAUSTED,
    );
  });

  it("refuses what begins with another byte than 0 or 1", () => {
    expect(readAll([framed(Buffer.from("x"), 2)]).fault).toBe(grpcCodes.INTERNAL);
  });
});
