import { describe, expect, it } from "@jest/globals";
import { countWrites, makeWorld, manifest } from "./world.ts";

describe("makeReconcile", () => {
  it("brings a deployment about, and then leaves it alone", async () => {
    const world = makeWorld();
    world.apply(manifest());
    expect(await world.pass()).toEqual({ code: "PROGRESSING", state: "Creating" });
    expect(world.owned()).toEqual([
      "Deployment mymodel-default-0-model",
      "Service mymodel-default",
      "Service mymodel-default-model",
    ]);
    const before = countWrites(world.cluster);
    await world.pass();
    expect(countWrites(world.cluster)).toBe(before);
    world.ready();
    expect(await world.settle()).toEqual({ code: "SETTLED", state: "Available" });
    expect(world.condition("Ready")).toBe("Ready=True Ready");
    expect(world.events.map(({ reason }) => reason)).toEqual([
      ...["CreateService", "CreateService", "CreateDeployment", "Updated", "Updated"],
    ]);
  });
});
