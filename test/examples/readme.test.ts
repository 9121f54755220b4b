import { describe, expect, it } from "@jest/globals";
import { runStep, startMs, stepsOf, useUp } from "./up-process.ts";

const cases = [
  { name: "bandit", steps: 2 },
  { name: "moderation", steps: 1 },
  { name: "outlier", steps: 1 },
];

describe.each(cases)("examples/$name/README.md", ({ name, steps }) => {
  const urlOf = useUp([`examples/${name}/deployment.yaml`]);

  it(
    "says what its commands answer",
    async () => {
      const told = stepsOf(name);
      expect(told).toHaveLength(steps);
      for (const step of told) {
        const said = await runStep(step, urlOf(name));
        if (step.answers === "json") expect(JSON.parse(said)).toEqual(JSON.parse(step.says));
        else expect(said).toBe(step.says);
      }
    },
    startMs,
  );
});
