import { describe, expect, it } from "@jest/globals";
import { type Reading, readHead } from "../../runtime/server/http1/head.ts";
import { fuzz } from "./http1.ts";

const seed = 20_261_122;

describe("readHead", () => {
  it("accepts nothing that Node's parser reads as another request", async () => {
    const found = await fuzz({ seed, inputs: 100_000 });
    expect(found).toMatchObject({ inputs: 100_000 });
    // and it was asked: neither almost everything nor almost nothing is plain
    expect(found).toMatchObject({ accepted: expect.any(Number), partial: expect.any(Number) });
    const { accepted, partial } = found as { accepted: number; partial: number }; // matched above
    expect(accepted).toBeGreaterThan(30_000);
    expect(accepted).toBeLessThan(70_000);
    expect(partial).toBeGreaterThan(3000);
  });
});

describe("fuzz", () => {
  /** Ours, but that it is shown `text` in place of what came. */
  const shown =
    (change: (text: string) => string) =>
    (bytes: Buffer): Reading =>
      readHead(Buffer.from(change(bytes.toString("latin1")), "latin1"), 65_536);

  it.each([
    {
      name: "overlooks Transfer-Encoding",
      change: (text: string) => text.replace(/transfer-encoding/gi, "x-ransfer-encoding"),
    },
    {
      name: "takes a bare LF for the end of a line",
      change: (text: string) => text.replace(/(?<!\r)\n/g, " "),
    },
    { name: "overlooks a sign", change: (text: string) => text.replace(/: \+5/, ":  5") },
    {
      name: "overlooks a folded line",
      change: (text: string) => text.replace(/\r\n[ \t]/g, "   "),
    },
    {
      name: "overlooks a blank before a colon",
      change: (text: string) => text.replace(/ :/g, "x:"),
    },
    { name: "overlooks NUL", change: (text: string) => text.replaceAll("\0", "0") },
    { name: "overlooks Upgrade", change: (text: string) => text.replace(/Upgrade:/g, "Xpgrade:") },
  ])("finds a reader that $name", async ({ change }) => {
    const found = await fuzz({ seed, inputs: 50_000, read: shown(change) });
    expect(found).toHaveProperty("bytes");
  });
});
