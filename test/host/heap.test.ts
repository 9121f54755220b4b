/** What the flags of V8 do, in a process that starts with much garbage. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";

const run = promisify(execFile);
const heap = fileURLToPath(new URL("../../host/heap.ts", import.meta.url));

describe("the heap of an engine", () => {
  it("is small again a moment after the start", async () => {
    const program = `
      import { collectAlone, giveBackStart } from ${JSON.stringify(heap)};
      collectAlone();
      let kept = Array.from({ length: 1e6 }, (_, i) => ({ i }));
      const before = process.memoryUsage().heapUsed;
      kept = undefined;
      giveBackStart();
      const look = () => {
        if (process.memoryUsage().heapUsed < before / 2) process.exit(0);
        setTimeout(look, 50);
      };
      look();`;
    // V8 would tidy up by itself after some seconds of rest.
    const flags = ["--no-memory-reducer", "--input-type=module", "--eval", program];
    const done = run(process.execPath, flags, { timeout: 50_000 });
    await expect(done).resolves.toEqual({ stdout: "", stderr: "" });
  });
});
