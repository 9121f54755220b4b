import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  readSnapshot,
  type Snapshot,
  writeSnapshot,
} from "../../../runtime/nodes/store/snapshot.ts";

const some: Snapshot = {
  sums: [{ node: "n", kind: "k/1", values: Float64Array.of(0.1, -0, 5e-324, 1.7e308) }],
  memories: [{ node: "n", id: "puid", value: [1, 0.1], until: 1234 }],
};

/** A text with a sound checksum, whatever stands in it. */
const sealed = (content: string, head: object = {}): string => {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return `${JSON.stringify({ format: "espalier-state", version: 1, sha256, ...head })}\n${content}\n`;
};

describe("readSnapshot", () => {
  it("reads what was written, to the last bit", () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const arbitrary: fc.Arbitrary<Snapshot> = fc.record({
      sums: fc.array(
        fc.record({
          node: fc.string(),
          kind: fc.string({ unit: "binary" }),
          values: fc.array(finite).map((values) => Float64Array.from(values)),
        }),
      ),
      memories: fc.array(
        fc.record({
          node: fc.string(),
          id: fc.string({ unit: "grapheme" }),
          value: fc.array(finite.map((value) => value + 0)), // JSON has no -0
          until: fc.nat(),
        }),
      ),
    });
    fc.assert(
      fc.property(arbitrary, (snapshot) => {
        expect(readSnapshot(writeSnapshot(snapshot))).toEqual({ ok: true, snapshot });
      }),
    );
    expect(readSnapshot(writeSnapshot(some))).toEqual({ ok: true, snapshot: some });
  });

  it("refuses a text with any one change", () => {
    const text = writeSnapshot(some);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (at, put) => {
        const changed = text.slice(0, at) + put + text.slice(at + put.length);
        fc.pre(changed !== text);
        // A head may be written in other ways; what it seals may not.
        const read = readSnapshot(changed);
        if (read.ok) expect(read.snapshot).toEqual(some);
      }),
    );
    for (let length = 0; length < text.length - 1; length += 1) {
      expect(readSnapshot(text.slice(0, length)).ok).toBe(false);
    }
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !readSnapshot(text).ok));
    fc.assert(
      fc.property(fc.json(), (content) => {
        readSnapshot(sealed(content));
      }),
    );
  });

  const sums = { node: "n", kind: "k/1", length: 1, values: Buffer.alloc(8).toString("base64") };
  const nan = Buffer.alloc(8, 0xff).toString("base64");
  it.each([
    { name: "no JSON", text: sealed("garbage") },
    { name: "a newer version", text: sealed('{"sums":[],"memories":[]}', { version: 2 }) },
    { name: "another format", text: sealed('{"sums":[],"memories":[]}', { format: "x" }) },
    { name: "a list", text: sealed("[]") },
    { name: "no sums", text: sealed('{"memories":[]}') },
    { name: "no memories", text: sealed('{"sums":[]}') },
    ...[
      { ...sums, length: 2 },
      { ...sums, node: 1 },
      { ...sums, kind: null },
      { ...sums, values: nan },
      { ...sums, values: "AAA=" },
      { ...sums, values: [0] },
      "garbage",
    ].map((one) => ({
      name: `sums ${JSON.stringify(one)}`,
      text: sealed(JSON.stringify({ sums: [one], memories: [] })),
    })),
    ...[["n", "id", 1], ["n", "id", "1", [1]], ["n", 1, 1, [1]], ["n", "id", 1, ["1"]], null].map(
      (one) => ({
        name: `memory ${JSON.stringify(one)}`,
        text: sealed(JSON.stringify({ sums: [], memories: [one] })),
      }),
    ),
  ])("refuses $name", ({ text }) => {
    expect(readSnapshot(text)).toEqual({ ok: false, fault: expect.any(String) });
  });
});
