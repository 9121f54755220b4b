import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Node } from "./support/node.ts";
import { startShared } from "./support/shared.ts";

let node: Node;
beforeAll(async () => {
  node = await startShared();
});
afterAll(() => node?.stop());

describe("a node", () => {
  it("is ready", async () => {
    const { stdout } = await node.kubectl(["get", "nodes", "-o", "wide"]);
    expect(stdout).toContain("Ready");
  });
});
