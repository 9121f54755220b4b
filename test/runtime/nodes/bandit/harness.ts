/** Bandits as an engine makes them, and what it tells them. */
import type { Means } from "../../../../runtime/nodes/definition.ts";
import type { BuiltInNode, Feedback, Look } from "../../../../runtime/nodes/node.ts";
import { makeMemoryStore } from "../../../../runtime/nodes/store/memory.ts";
import type { NumericView } from "../../../../runtime/nodes/view.ts";
import { definitionOf } from "../definitions.ts";

export type Router = Required<
  Pick<BuiltInNode, "route" | "feedback" | "recall" | "describe" | "measures">
>;

type Making = Partial<Means> & { readonly arms?: number };

/** Parameters are those of the implementation, by name. */
export const made = (
  implementation: string,
  parameters: Readonly<Record<string, string>> = {},
  { arms = 3, ...means }: Making = {},
): BuiltInNode => {
  const node = definitionOf(implementation)?.({
    name: "router",
    branches: Array.from({ length: arms }, (_, index) => ({ index, name: `child-${index}` })),
    parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })),
    random: Math.random,
    now: () => 0,
    store: makeMemoryStore(() => 0),
    ...means,
  });
  if (node === undefined) throw new Error(`there is no ${implementation}`);
  return node;
};

/** The same where its parameters are right. */
export const router = (...making: Parameters<typeof made>): Router => {
  const { route, feedback, recall, describe, measures } = made(...making);
  if (!route || !feedback || !recall || !describe || !measures) {
    throw new Error(`${making[0]} is no router that learns`);
  }
  return { route, feedback, recall, describe, measures };
};

export const matrix = (...rows: readonly (readonly number[])[]): NumericView => ({
  shape: [rows.length, rows[0]?.length ?? 0],
  values: rows.flat(),
  names: [],
});

export const look = (id = "id", numbers: NumericView = matrix([1])): Look => ({
  id,
  request: {},
  numbers: () => numbers,
  json: () => ({}),
  header: () => undefined,
});

type Told = {
  readonly id?: string;
  readonly request?: NumericView | (() => NumericView);
};

export const feedback = (
  route: number | undefined,
  reward: number,
  { id = "id", request }: Told = {},
): Feedback => ({
  id: () => id,
  reward: () => reward,
  route,
  request: () => (typeof request === "function" ? request() : request),
  truth: () => undefined,
});

export type Branch = {
  readonly name: string;
  readonly pulls: number;
  readonly rewards: number;
  readonly trials: number;
  readonly reward: number;
  readonly mean_reward: number | null;
  readonly probability: number | null;
  readonly details?: Readonly<Record<string, unknown>>;
};

type Description = {
  readonly branches: readonly Branch[];
  readonly history?: readonly unknown[];
};

/** What it has learned: `describe` is typed as any JSON. */
export const described = (node: Pick<Router, "describe">): Description =>
  node.describe() as Description;

export const branchOf = (node: Pick<Router, "describe">, at: number): Branch => {
  const branch = described(node).branches[at];
  if (branch === undefined) throw new Error(`there is no branch ${at}`);
  return branch;
};

/** Where a router sends so many requests, by branch. */
export const routes = async (node: Router, count: number): Promise<readonly number[]> => {
  const counts: number[] = described(node).branches.map(() => 0);
  for (let at = 0; at < count; at += 1) {
    const branch = await node.route(look(`request-${at}`));
    counts[branch] = (counts[branch] ?? 0) + 1;
  }
  return counts;
};
