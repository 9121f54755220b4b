import { describe, expect, it } from "@jest/globals";
import { type Digest, fromBase64, fromEntityTag, makeCheck } from "../../../local/fetch/digest.ts";

const differs = async (digests: readonly Digest[], text: string): Promise<boolean> => {
  const check = makeCheck(digests);
  for (const character of text) check.update(Buffer.from(character)); // byte by byte
  return (await check.difference()) !== undefined;
};

describe("makeCheck", () => {
  /** Of "123456789". Sources: RFC 1321, RFC 3720 B.4, the NVM Command Set Specification, `sha1sum` and its like. */
  it.each([
    { kind: "md5", hex: "25f9e794323b453885f5181f1b624d0b" },
    { kind: "sha1", hex: "f7c3bc1d808e04732adf679965ccc34ca7ae3441" },
    { kind: "sha256", hex: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225" },
    { kind: "crc32", hex: "cbf43926" },
    { kind: "crc32c", hex: "e3069283" },
    { kind: "crc64nvme", hex: "ae8b14860a799888" },
  ] as const)("knows $kind", async (digest) => {
    expect(await differs([digest], "123456789")).toBe(false);
    expect(await differs([digest], "123456788")).toBe(true);
  });

  it("takes the best of several, and all bytes without any", async () => {
    const crc32 = { kind: "crc32", hex: "00000000" } as const;
    const md5 = { kind: "md5", hex: "25f9e794323b453885f5181f1b624d0b" } as const;
    expect(await differs([crc32, md5], "123456789")).toBe(false);
    expect(await differs([], "123456789")).toBe(false);
  });
});

describe("fromBase64, fromEntityTag", () => {
  it("take what is one, and nothing else", () => {
    expect(fromBase64("crc32", "y/Q5Jg==")).toEqual([{ kind: "crc32", hex: "cbf43926" }]);
    expect([fromBase64("md5", "y/Q5Jg=="), fromBase64("md5", undefined)]).toEqual([[], []]);
    const md5 = "25f9e794323b453885f5181f1b624d0b";
    expect(fromEntityTag(`"${md5}"`)).toEqual([{ kind: "md5", hex: md5 }]);
    expect(fromEntityTag(`"${md5}-2"`)).toEqual([]);
  });
});
