import { describe, expect, it } from "@jest/globals";
import { Clean } from "../../examples/moderation/clean.ts";
import { cpuMsOf } from "../support/cpu-time.ts";
import { read } from "./up-process.ts";

type Cleaning = { readonly post: string; readonly cleaned: string };

describe("examples/moderation, Clean", () => {
  const cleaning: readonly Cleaning[] = read("moderation/heldout.json").cleaning;

  it.each(cleaning)("makes of $post what the training makes of it", ({ post, cleaned }) => {
    expect(new Clean().transformInput([post])).toEqual([cleaned]);
  });

  it.each([
    { name: "a text", X: "a  b" },
    { name: "a list of texts", X: ["a  b"] },
    { name: "rows of one text", X: [["a  b"]] },
  ])("takes $name", ({ X }) => {
    expect(new Clean().transformInput(X)).toEqual(["a b"]);
  });

  it.each(["<", "<a", "<style", "a", "> ", "http://", "&", " "])(
    "is done in a moment with a long post of %j",
    (part) => {
      const spentMs = cpuMsOf(() => new Clean().transformInput([part.repeat(100_000)]));
      expect(spentMs).toBeLessThan(5000); // what grows with the square takes minutes
    },
  );
});
