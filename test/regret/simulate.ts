/** Plays bandit problems with the routers of an engine. */
import { makeSeededRandom } from "../../runtime/nodes/bandit/random.ts";
import { makeSamplers } from "../../runtime/nodes/bandit/samplers.ts";
import type { BuiltInNode } from "../../runtime/nodes/node.ts";
import { makeMemoryStore } from "../../runtime/nodes/store/memory.ts";
import { definitionOf } from "../runtime/nodes/definitions.ts";
import { playOf } from "./problems.ts";

export type Contestant = {
  readonly implementation: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly problem: string;
};

export type Outcome = {
  /** The mean over the runs of the regret up to each horizon. */
  readonly regrets: readonly number[];
  /** The standard error of each of them. */
  readonly errors: readonly number[];
};

/** The seed of a run decides all of it: the problem's draws and the router's. */
export const simulate = async (
  contestant: Contestant,
  horizons: readonly number[],
  runs: number,
): Promise<Outcome> => {
  const all: (readonly number[])[] = [];
  for (let seed = 0; seed < runs; seed += 1) all.push(await run(contestant, horizons, seed));
  const columns = horizons.map((_, i) => all.map((regrets) => regrets[i] ?? 0));
  const regrets = columns.map((column) => column.reduce((sum, one) => sum + one, 0) / runs);
  const errors = columns.map((column, i) => {
    const mean = regrets[i] ?? 0;
    const squares = column.reduce((sum, one) => sum + (one - mean) ** 2, 0);
    return Math.sqrt(squares / (runs - 1) / runs);
  });
  return { regrets, errors };
};

/** The sums of what the best arms would have given on average, less what the chosen ones would. */
const run = async (
  { implementation, parameters, problem }: Contestant,
  horizons: readonly number[],
  seed: number,
): Promise<readonly number[]> => {
  const random = makeSeededRandom(1_000_000 + seed);
  const play = playOf(problem, random, makeSamplers(random));
  const node = routerOf(implementation, { ...parameters, seed: String(seed) }, play.arms);
  const regrets: number[] = [];
  let regret = 0;
  for (let at = 0; regrets.length < horizons.length; at += 1) {
    if (at === horizons[regrets.length]) regrets.push(regret);
    const { means, reward, context } = play.step(at);
    const numbers = { shape: [1, context.length], values: context, names: [] };
    const id = String(at);
    const arm = await node.route({ ...nothing, id, request: numbers, numbers: () => numbers });
    const given = reward(arm);
    regret += Math.max(...means) - (means[arm] ?? 0);
    await node.feedback({
      id: () => id,
      reward: () => given,
      route: arm,
      request: () => undefined,
      truth: () => undefined,
    });
  }
  return regrets;
};

const nothing = { json: () => undefined, header: () => undefined };

const routerOf = (
  implementation: string,
  parameters: Readonly<Record<string, string>>,
  arms: number,
): Required<Pick<BuiltInNode, "route" | "feedback">> => {
  const node = definitionOf(implementation)?.({
    name: "router",
    branches: Array.from({ length: arms }, (_, index) => ({ index, name: `arm-${index}` })),
    parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })),
    random: () => 0,
    now: () => 0,
    store: makeMemoryStore(() => 0),
  });
  if (node?.route === undefined || node.feedback === undefined) {
    throw new Error(`${implementation} is no router that learns`);
  }
  return { route: node.route, feedback: node.feedback };
};
