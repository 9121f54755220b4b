import { describe, expect, it } from "@jest/globals";
import { post, read, startMs, useUp } from "./up-process.ts";

type Branch = { readonly name: string; readonly trials: number; readonly reward: number };

describe("examples/bandit", () => {
  const urlOf = useUp(["examples/bandit/deployment.yaml"]);

  const branches = async (): Promise<readonly Branch[]> => {
    const answer = await fetch(`${urlOf("bandit")}/api/v1.0/routers`);
    const { chooser } = (await answer.json()) as { chooser: { branches: Branch[] } }; // asserted below
    return chooser.branches;
  };

  it(
    "tells the models apart by how often they are right",
    async () => {
      const { rows, labels, accuracy } = read("bandit/visitors.json");
      const right = new Map<number, number[]>([
        [0, []],
        [1, []],
      ]);
      for (let i = 0; i < rows.length; i += 20) {
        const request = { data: { ndarray: rows.slice(i, i + 20) } };
        const { body } = await post(urlOf("bandit"), "predictions", request);
        const { ndarray }: { ndarray: number[][] } = body.data;
        const shares = ndarray.map((row, j) =>
          Number(row.indexOf(Math.max(...row)) === labels[i + j]),
        );
        const route: number = body.meta.routing.chooser;
        right.get(route)?.push(...shares);
        const reward = shares.reduce((sum, one) => sum + one, 0) / shares.length;
        await post(urlOf("bandit"), "feedback", { request, response: { meta: body.meta }, reward });
      }
      for (const [i, { trials, reward }] of (await branches()).entries()) {
        expect(trials).toBe(right.get(i)?.length);
        expect(reward).toBeCloseTo(right.get(i)?.filter((one) => one === 1).length ?? -1, 6);
      }
      const [tree, forest] = await branches();
      expect((forest?.reward ?? 0) / (forest?.trials ?? 1)).toBeGreaterThan(accuracy.tree);
      expect(forest?.trials).toBeGreaterThan(tree?.trials ?? 0);
    },
    startMs,
  );

  it("refuses a reward that is no success, failure or share", async () => {
    const before = await branches();
    const response = { meta: { routing: { chooser: 1 } } };
    expect((await post(urlOf("bandit"), "feedback", { response, reward: 2 })).status).toBe(400);
    expect(await branches()).toEqual(before);
  });
});
