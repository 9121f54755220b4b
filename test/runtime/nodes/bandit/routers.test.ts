import { describe, expect, it } from "@jest/globals";
import { EngineError, type ErrorCode } from "../../../../runtime/errors.ts";
import { makeArms } from "../../../../runtime/nodes/bandit/arms.ts";
import { makeGaussian } from "../../../../runtime/nodes/bandit/gaussian.ts";
import { makeSeededRandom } from "../../../../runtime/nodes/bandit/random.ts";
import { makeSamplers } from "../../../../runtime/nodes/bandit/samplers.ts";
import { makeMemoryStore } from "../../../../runtime/nodes/store/memory.ts";
import { reference } from "../../../regret/contests.ts";
import { codeOf } from "../../protocol/outcome.ts";
import {
  branchOf,
  described,
  feedback,
  look,
  made,
  matrix,
  type Router,
  router,
  routes,
} from "./harness.ts";

const kinds = [
  { kind: "EPSILON_GREEDY", parameters: {} },
  { kind: "THOMPSON_SAMPLING", parameters: {} },
  { kind: "THOMPSON_SAMPLING", parameters: { reward_kind: "real" } },
  { kind: "UCB1", parameters: {} },
  { kind: "EXP3", parameters: {} },
  { kind: "EXP3", parameters: { gamma: "0.2" } },
  { kind: "LINUCB", parameters: { n_features: "1" } },
] as const;

const failure = async (act: () => unknown): Promise<ErrorCode | undefined> => {
  try {
    await act();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown.code;
    throw thrown;
  }
};

/** What a router knows, without the chances that follow from it. */
const learned = (node: Router) =>
  described(node).branches.map(({ rewards, trials, reward }) => [rewards, trials, reward]);

const nothing = [
  [0, 0, 0],
  [0, 0, 0],
  [0, 0, 0],
];

describe.each(kinds)("$kind $parameters", ({ kind, parameters }) => {
  const all = (more: Readonly<Record<string, string>> = {}) => ({ ...parameters, ...more });

  it("repeats its routes for a seed", async () => {
    const [first, again, other] = await Promise.all(
      ["5", "5", "6"].map(async (seed) => {
        const node = router(kind, all({ seed }));
        const taken: number[] = [];
        for (let at = 0; at < 60; at += 1) {
          const branch = await node.route(look(`${at}`));
          await node.feedback(feedback(branch, branch === 1 ? 1 : 0, { id: `${at}` }));
          taken.push(branch);
        }
        return taken;
      }),
    );
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("finds the branch that is rewarded", async () => {
    const node = router(kind, all({ seed: "1" }));
    const rewards = [0.1, 0.2, 0.9];
    for (let at = 0; at < 1500; at += 1) {
      const branch = await node.route(look(`${at}`));
      const reward = ((at * 7919) % 1000) / 1000 < (rewards[branch] ?? 0) ? 1 : 0;
      await node.feedback(feedback(branch, reward, { id: `${at}` }));
    }
    const counts = await routes(node, 300);
    expect(counts[2]).toBeGreaterThan(200);
    expect(branchOf(node, 2).pulls).toBeGreaterThan(900);
  });

  it("uses no branch but the first n_branches", async () => {
    const node = router(kind, all({ n_branches: "2" }), { arms: 4 });
    const counts = await routes(node, 50);
    expect(counts).toHaveLength(2);
    expect(counts[0]).toBeLessThan(51);
  });

  it("works with one branch", async () => {
    const node = router(kind, parameters, { arms: 1 });
    for (let at = 0; at < 7; at += 1) {
      expect(await node.route(look(`${at}`))).toBe(0);
      await node.feedback(feedback(0, 1, { id: `${at}` }));
    }
    expect(branchOf(node, 0).probability ?? 1).toBeCloseTo(1, 12);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "refuses the reward %d, and has learned nothing",
    async (reward) => {
      const node = router(kind, parameters);
      await node.route(look());
      expect(await failure(() => node.feedback(feedback(0, reward)))).toBe("PAYLOAD_UNFIT");
      expect(learned(node)).toEqual(nothing);
    },
  );

  it("refuses a reward for a branch that it does not have", async () => {
    const node = router(kind, all({ n_branches: "2" }));
    expect(await failure(() => node.feedback(feedback(2, 1)))).toBe("PAYLOAD_UNFIT");
    expect(learned(node)).toEqual(nothing.slice(1));
  });

  it("refuses feedback about no rows", async () => {
    const node = router(kind, parameters);
    const told = feedback(0, 1, { request: { shape: [0, 1], values: [], names: [] } });
    expect(await failure(() => node.feedback(told))).toBe("PAYLOAD_UNFIT");
    expect(learned(node)).toEqual(nothing);
  });

  it("counts each row of a batch, or each request", async () => {
    const request = matrix([1], [2], [3], [4]);
    const byRow = router(kind, parameters);
    await byRow.feedback(feedback(1, 0.75, { request }));
    expect(learned(byRow)).toEqual([
      [0, 0, 0],
      [1, 4, 3],
      [0, 0, 0],
    ]);
    const byRequest = router(kind, all({ batch: "request" }));
    await byRequest.feedback(feedback(1, 0.75, { request }));
    expect(learned(byRequest)).toEqual([
      [0, 0, 0],
      [1, 1, 0.75],
      [0, 0, 0],
    ]);
  });

  it("counts feedback without a branch, and learns nothing of it", async () => {
    const node = router(kind, parameters);
    await node.feedback(feedback(undefined, 1));
    expect(learned(node)).toEqual(nothing);
    const measure = node
      .measures()
      .find(({ name }) => name === "router_feedback_unattributed_total");
    expect(measure?.value).toBe(1);
  });

  it("recalls the branch of a request, and of no other", async () => {
    const node = router(kind, parameters);
    const branch = await node.route(look("one"));
    expect(await node.recall("one")).toBe(branch);
    expect(await node.recall("other")).toBeUndefined();
  });

  it("shares what it knows with another engine", async () => {
    const store = makeMemoryStore(() => 0);
    const [first, second] = [
      router(kind, parameters, { store }),
      router(kind, parameters, { store }),
    ];
    await first.route(look("one"));
    const branch = (await second.recall("one")) ?? -1;
    await second.feedback(feedback(branch, 1, { id: "one" }));
    expect(learned(first)).toEqual(learned(second));
    expect(branchOf(first, branch)).toMatchObject({ pulls: 1, trials: 1, reward: 1 });
  });

  it("does not choose by memories that are none of its own", async () => {
    const values = [[], [7], [-1], [0.5], [Number.NaN], [1, Number.NaN, 5, 5]];
    for (const value of values) {
      const store = { ...makeMemoryStore(() => 0), recall: async () => value };
      const node = router(kind, parameters, { store });
      const branch = await node.recall("id");
      expect(branch === undefined || branch === 1).toBe(true);
      const learning = await failure(() => node.feedback(feedback(1, 1)));
      expect(learning === undefined || kind === "LINUCB").toBe(true);
      expect(described(node).branches.every(({ reward }) => Number.isFinite(reward))).toBe(true);
    }
  });

  it("describes and measures each branch by its name", async () => {
    const node = router(kind, all({ branch_names: "red:green , blue", verbose: "true" }));
    const branch = await node.route(look());
    await node.feedback(feedback(branch, 1));
    const { branches } = described(node);
    expect(branches.map(({ name }) => name)).toEqual(["red", "green", "blue"]);
    expect(branches[branch]).toMatchObject({ pulls: 1, rewards: 1, trials: 1, mean_reward: 1 });
    expect(branches.every(({ details }) => details !== undefined)).toBe(true);
    const chances = branches.map(({ probability }) => probability ?? 1 / 3);
    expect(chances.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 12);
    const measured = node
      .measures()
      .filter(({ labels }) => labels["branch"] === branches[branch]?.name)
      .map(({ name, value }) => [name, value]);
    const probability =
      kind === "LINUCB" ? [] : [["router_probability", branches[branch]?.probability]];
    expect(measured).toEqual([
      ["router_pulls_total", 1],
      ["router_trials_total", 1],
      ["router_reward_total", 1],
      ...probability,
    ]);
    expect(JSON.parse(JSON.stringify(described(node)))).toEqual(described(node));
  });

  it("keeps a history of the last thousand rewards", async () => {
    const node = router(kind, all({ history: "true" }), { now: () => 86_400_000 });
    for (let at = 0; at < 1003; at += 1) {
      await node.route(look(`${at}`));
      await node.feedback(feedback(at % 3, (at % 10) / 10, { id: `${at}`, request: matrix([1]) }));
    }
    const { history } = described(node);
    expect(history).toHaveLength(1000);
    const at = "1970-01-02T00:00:00.000Z";
    expect(history?.[0]).toEqual({ at, branch: 0, reward: 0.3, trials: 1 });
    expect(history?.at(-1)).toEqual({ at, branch: 0, reward: 0.2, trials: 1 });
    expect(described(router(kind, parameters)).history).toBeUndefined();
  });

  it.each([
    { n_branches: "4" },
    { n_branches: "0" },
    { n_branches: "two" },
    { branch_names: "a,b" },
    { branch_names: "a,b,a" },
    { branch_names: "a,,b" },
    { seed: "-1" },
    { seed: "1.5" },
    { batch: "column" },
  ])("refuses %j when it is asked", (wrong: Readonly<Record<string, string>>) => {
    expect(codeOf(() => made(kind, { ...parameters, ...wrong }).route?.(look()))).toBe(
      "PARAMETER_INVALID",
    );
  });
});

describe("parameters of one kind", () => {
  it.each([
    ["EPSILON_GREEDY", { epsilon: "1.1" }],
    ["EPSILON_GREEDY", { best_branch: "3" }],
    ["EPSILON_GREEDY", { reward_kind: "any" }],
    ["THOMPSON_SAMPLING", { best_branch: "3" }],
    ["THOMPSON_SAMPLING", { alpha: "0" }],
    ["UCB1", { reward_min: "1" }],
    ["EXP3", { reward_min: "2", reward_max: "1" }],
    ["EXP3", { gamma: "0" }],
    ["LINUCB", {}],
    ["LINUCB", { n_features: "0" }],
    ["LINUCB", { n_features: "1", lambda: "0" }],
  ])("%s refuses %j", (kind, parameters: Readonly<Record<string, string>>) => {
    expect(codeOf(() => made(kind, parameters).route?.(look()))).toBe("PARAMETER_INVALID");
  });
});

describe("rewards", () => {
  it.each([
    ["EPSILON_GREEDY", {}],
    ["THOMPSON_SAMPLING", {}],
    ["UCB1", {}],
    ["EXP3", {}],
  ])("of %s are from 0 to 1 unless it is told otherwise", async (kind, parameters) => {
    const node = router(kind, parameters);
    for (const reward of [-0.1, 1.1]) {
      expect(await failure(() => node.feedback(feedback(0, reward)))).toBe("PAYLOAD_UNFIT");
    }
    expect(learned(node)).toEqual(nothing);
  });

  it.each([
    ["EPSILON_GREEDY", { reward_kind: "real" }],
    ["THOMPSON_SAMPLING", { reward_kind: "real" }],
    ["UCB1", { reward_min: "-50", reward_max: "50" }],
    ["EXP3", { reward_min: "-50", reward_max: "50" }],
    ["LINUCB", { n_features: "1" }],
  ] as const)("of %s can be negative with %j, and are a gauge then", async (kind, parameters) => {
    const node = router(kind, parameters);
    await node.route(look());
    await node.feedback(feedback(0, -20, { request: matrix([1]) }));
    expect(branchOf(node, 0).mean_reward).toBe(-20);
    const measure = node.measures().find(({ name }) => name === "router_reward_total");
    expect(measure?.type).toBe("gauge");
  });

  it("whose squares are no number any more are refused whole", async () => {
    const node = router("EPSILON_GREEDY", { reward_kind: "real" });
    for (const reward of [1e200, -1e308]) {
      expect(await failure(() => node.feedback(feedback(0, reward)))).toBe("PAYLOAD_UNFIT");
    }
    expect(learned(node)).toEqual(nothing);
  });

  it("for a request that is not of numbers count once", async () => {
    const node = router("EPSILON_GREEDY");
    const request = () => {
      throw new EngineError("PAYLOAD_UNFIT", "is text");
    };
    await node.feedback(feedback(0, 1, { request }));
    expect(branchOf(node, 0).trials).toBe(1);
    const broken = () => {
      throw new EngineError("MESSAGE_UNREADABLE", "is broken");
    };
    const told = feedback(0, 1, { request: broken });
    expect(await failure(() => node.feedback(told))).toBe("MESSAGE_UNREADABLE");
  });
});

describe("EPSILON_GREEDY", () => {
  it("explores by epsilon, and otherwise takes the best", async () => {
    const node = router("EPSILON_GREEDY", { epsilon: "0.3", seed: "2" });
    for (const [branch, reward] of [
      [0, 0.2],
      [1, 0.8],
      [2, 0.5],
    ] as const) {
      await node.feedback(feedback(branch, reward));
    }
    const chances = described(node).branches.map(({ probability }) => probability ?? 0);
    [0.1, 0.8, 0.1].forEach((chance, branch) => {
      expect(chances[branch]).toBeCloseTo(chance, 12);
    });
    const counts = await routes(node, 4000);
    [400, 3200, 400].forEach((count, branch) => {
      expect(Math.abs((counts[branch] ?? 0) - count)).toBeLessThan(120);
    });
  });

  it("takes best_branch until there is a reward, or any", async () => {
    expect(await routes(router("EPSILON_GREEDY", { epsilon: "0", best_branch: "2" }), 9)).toEqual([
      0, 0, 9,
    ]);
    const any = await routes(router("EPSILON_GREEDY", { epsilon: "0", seed: "1" }), 300);
    expect(Math.min(...any)).toBeGreaterThan(60);
  });

  it("prefers an arm with bad rewards to one without any", async () => {
    const node = router("EPSILON_GREEDY", { epsilon: "0", reward_kind: "real" });
    await node.feedback(feedback(1, -3));
    expect(await routes(node, 5)).toEqual([0, 5, 0]);
  });
});

describe("THOMPSON_SAMPLING", () => {
  it.each(reference.bestOfBeta)("takes an arm as often as it is the best of $beta", async (one) => {
    const arms = one.beta.length;
    const node = router("THOMPSON_SAMPLING", { seed: "3" }, { arms });
    for (const [branch, [a, b]] of one.beta.entries()) {
      const rows = a + b - 2;
      if (rows === 0) continue;
      const request = matrix(...Array.from({ length: rows }, () => [1]));
      await node.feedback(feedback(branch, (a - 1) / rows, { request }));
    }
    const count = 20_000;
    const counts = await routes(node, count);
    one.chances.forEach((chance, branch) => {
      expect(Math.abs((counts[branch] ?? 0) / count - chance)).toBeLessThan(0.015);
      expect(Math.abs((branchOf(node, branch).probability ?? 0) - chance)).toBeLessThan(0.06);
    });
  });

  it("has the posterior of its priors", async () => {
    const node = router("THOMPSON_SAMPLING", { alpha: "2", beta: "3", verbose: "true" });
    await node.feedback(feedback(1, 0.25, { request: matrix([1], [1], [1], [1]) }));
    expect(branchOf(node, 0).details).toEqual({ alpha: 2, beta: 3 });
    expect(branchOf(node, 1).details).toEqual({ alpha: 3, beta: 6 });
  });

  it("takes best_branch until there is a reward", async () => {
    const node = router("THOMPSON_SAMPLING", { best_branch: "1" });
    expect(await routes(node, 9)).toEqual([0, 9, 0]);
    expect(branchOf(node, 1).probability).toBe(1);
    await node.feedback(feedback(1, 0));
    expect(branchOf(node, 1).probability).toBeLessThan(0.5);
  });

  it("sends arms without five real rewards their even share, and no more", async () => {
    const node = router("THOMPSON_SAMPLING", { reward_kind: "real", seed: "4" });
    for (const branch of [0, 1]) {
      for (let at = 0; at < 5; at += 1) await node.feedback(feedback(branch, 10 * branch + at));
    }
    const counts = await routes(node, 3000);
    expect(Math.abs((counts[2] ?? 0) - 1000)).toBeLessThan(120);
    expect(branchOf(node, 2).probability).toBeCloseTo(1 / 3, 12);
    expect(counts[1]).toBeGreaterThan(1700);
  });

  it.each(reference.posteriorOfMean)("draws real means from Student's t", async (one) => {
    const { rewards, quantiles } = one;
    const arms = makeArms(
      makeMemoryStore(() => 0),
      { node: "n", count: 1, kind: "k", own: 0 },
    );
    for (const reward of rewards) arms.learn(0, reward, 1);
    const belief = makeGaussian(arms);
    const draw = belief.drawing(makeSamplers(makeSeededRandom(6)));
    const draws = Array.from({ length: 20_000 }, () => draw(0));
    quantiles.forEach((quantile, i) => {
      const below = draws.filter((value) => value <= quantile).length / draws.length;
      expect(Math.abs(below - (reference.grid[i] ?? 0))).toBeLessThan(1.95 / Math.sqrt(20_000));
    });
    expect(belief.details(0)).toMatchObject({ degrees_of_freedom: rewards.length - 3 });
  });

  it("takes the mean of a batch for one observation of more precision", () => {
    const [single, batch] = [1, 4].map((trials) => {
      const arms = makeArms(
        makeMemoryStore(() => 0),
        { node: "n", count: 1, kind: "k", own: 0 },
      );
      for (const reward of [1, 2, 3, 4, 5]) arms.learn(0, reward, trials);
      return makeGaussian(arms).details(0);
    });
    expect(single).toMatchObject({ mean: 3, degrees_of_freedom: 2 });
    // four times the squares, of four times the precision
    expect(batch).toEqual(single);
    expect(single?.["scale"]).toBeCloseTo(Math.sqrt((10 + 2.5) / (5 * 2)), 12);
  });

  it("still doubts an arm of which all rewards are equal", async () => {
    const node = router("THOMPSON_SAMPLING", { reward_kind: "real", seed: "5" }, { arms: 2 });
    for (let at = 0; at < 5; at += 1) {
      await node.feedback(feedback(0, 0));
      await node.feedback(feedback(1, at === 2 ? 5 : 0));
    }
    const counts = await routes(node, 1000);
    expect(counts[0]).toBeGreaterThan(50);
  });
});

describe("UCB1", () => {
  it.each(reference.ucb1)("has the indices of mabwiser", async ({ alpha, log, indices }) => {
    const node = router("UCB1", { alpha: `${alpha}`, verbose: "true" });
    for (const [branch, reward] of log) await node.feedback(feedback(branch, reward));
    indices.forEach((index, branch) => {
      const { mean, width } = branchOf(node, branch).details ?? {};
      expect(Number(mean) + Number(width)).toBeCloseTo(index, 12);
    });
    const best = indices.indexOf(Math.max(...indices));
    expect(await node.route(look())).toBe(best);
    expect(branchOf(node, best).probability).toBe(1);
  });

  it("does not send everything to an arm that never gets a reward", async () => {
    const node = router("UCB1", { seed: "1" });
    await node.feedback(feedback(0, 1));
    await node.feedback(feedback(1, 0));
    const counts = await routes(node, 3000);
    expect(Math.abs((counts[2] ?? 0) - 1000)).toBeLessThan(120);
    expect(counts[1]).toBe(0);
  });
});

describe("EXP3", () => {
  it.each(reference.exp3)("weighs as SMPyBandits does, with gamma $gamma", async (one) => {
    const { gamma, log, probabilities } = one;
    const node = router("EXP3", { gamma: `${gamma}` }, { arms: 4 });
    for (const [branch, reward] of log) await node.feedback(feedback(branch, reward));
    probabilities.forEach((chance, branch) => {
      expect(branchOf(node, branch).probability).toBeCloseTo(chance, 10);
    });
  });

  it("weighs a reward by the chance that its request had", async () => {
    const late = router("EXP3", { gamma: "0.2", verbose: "true" }, { random: () => 0 });
    await late.route(look("first"));
    for (let at = 0; at < 20; at += 1) await late.feedback(feedback(1, 1, { id: "unknown" }));
    expect(branchOf(late, 0).probability).toBeLessThan(0.2);
    await late.feedback(feedback(0, 1, { id: "first" }));
    expect(branchOf(late, 0).details?.["score"]).toBeCloseTo(3, 12);
  });

  it("forgets the chance of another branch than the one that is rewarded", async () => {
    const node = router("EXP3", { gamma: "1", verbose: "true" }, { random: () => 0 });
    await node.route(look("first"));
    await node.feedback(feedback(2, 1, { id: "first" }));
    expect(branchOf(node, 2).details?.["score"]).toBeCloseTo(3, 12);
  });

  it("stays a probability after any number of losses", async () => {
    const node = router("EXP3", {}, { arms: 2 });
    for (let at = 0; at < 3000; at += 1) await node.feedback(feedback(0, 0));
    const chances = described(node).branches.map(({ probability }) => probability ?? Number.NaN);
    expect(chances[0]).toBeGreaterThanOrEqual(0);
    expect((chances[0] ?? 0) + (chances[1] ?? 0)).toBeCloseTo(1, 12);
  });
});

describe("LINUCB", () => {
  const node = (more: Readonly<Record<string, string>> = {}, means = {}) =>
    router("LINUCB", { n_features: "2", seed: "1", ...more }, means);

  const coefficientsOf = (one: Router, branch: number) =>
    branchOf(one, branch).details?.["coefficients"] as readonly number[]; // details are any JSON

  it.each([
    { name: "another width", numbers: matrix([1, 2, 3]) },
    { name: "no rows", numbers: { shape: [0, 2], values: [], names: [] } },
    { name: "NaN", numbers: matrix([1, 2], [1, Number.NaN]) },
    { name: "an infinity", numbers: matrix([Number.POSITIVE_INFINITY, 2]) },
    { name: "more than a million", numbers: matrix([-1.1e6, 2]) },
  ])("refuses requests and feedback with $name", async ({ numbers }) => {
    const one = node({ verbose: "true" });
    expect(codeOf(() => one.route(look("id", numbers)))).toBe("PAYLOAD_UNFIT");
    const told = feedback(0, 1, { request: numbers });
    expect(await failure(() => one.feedback(told))).toBe("PAYLOAD_UNFIT");
    expect(learned(one)).toEqual(nothing);
    expect(branchOf(one, 0)).toMatchObject({ pulls: 0, details: { coefficients: [0, 0, 0] } });
  });

  it("names the row and the column", () => {
    const act = () => node().route(look("id", matrix([1, 2], [1, Number.NaN])));
    expect(act).toThrow(/row 1, column 1/);
  });

  it("takes the branch that suits the request", async () => {
    const one = node({ alpha: "0" }, { arms: 2 });
    for (let at = 0; at < 50; at += 1) {
      const x = at % 2;
      await one.feedback(feedback(0, x, { request: matrix([x, 1 - x]) }));
      await one.feedback(feedback(1, 1 - x, { request: matrix([x, 1 - x]) }));
    }
    expect(await one.route(look("a", matrix([1, 0])))).toBe(0);
    expect(await one.route(look("b", matrix([0, 1])))).toBe(1);
    expect(await one.route(look("c", matrix([0, 1], [0, 1], [1, 0])))).toBe(1);
  });

  it("learns from the row that it remembers, as from a request in feedback", async () => {
    const [by, beside] = [node({ verbose: "true" }), node({ verbose: "true" })];
    const branch = await by.route(look("id", matrix([3, 4])));
    await by.feedback(feedback(branch, 2));
    await beside.feedback(feedback(branch, 2, { id: "other", request: matrix([3, 4]) }));
    const [ours, theirs] = [by, beside].map((one) => coefficientsOf(one, branch));
    expect(ours).toHaveLength(3);
    ours?.forEach((value, i) => {
      expect(value).toBeCloseTo(theirs?.[i] ?? Number.NaN, 12);
    });
  });

  it("refuses feedback whose row is neither sent nor remembered", async () => {
    const one = node();
    expect(await failure(() => one.feedback(feedback(0, 1)))).toBe("PAYLOAD_UNFIT");
    expect(learned(one)).toEqual(nothing);
  });

  it("breaks ties at random", async () => {
    const one = node();
    const counts = [0, 0, 0];
    for (let at = 0; at < 900; at += 1) {
      const branch = await one.route(look(`${at}`, matrix([1, 1])));
      counts[branch] = (counts[branch] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(240);
  });
});
