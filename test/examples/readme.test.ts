import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runStep, startMs, stepsOf, up } from "./up-process.ts";

const cases = [
  { name: "bandit", steps: 2 },
  { name: "moderation", steps: 1 },
  { name: "outlier", steps: 1 },
];

describe.each(cases)("examples/$name/README.md", ({ name, steps }) => {
  const running = up([`examples/${name}/deployment.yaml`]);
  let urls: ReadonlyMap<string, string>;
  beforeAll(async () => {
    urls = await running.urls;
  }, startMs);
  afterAll(async () => {
    expect(await running.stop()).toBe(0);
  }, startMs);

  it(
    "says what its commands answer",
    async () => {
      const told = stepsOf(name);
      expect(told).toHaveLength(steps);
      for (const step of told) {
        const said = await runStep(step, urls.get(name));
        if (step.answers === "json") expect(JSON.parse(said)).toEqual(JSON.parse(step.says));
        else expect(said).toBe(step.says);
      }
    },
    startMs,
  );
});
