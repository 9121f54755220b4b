/**
 * Plays 600 visitors of the graph: each asks about one digit and says whether the answer was right.
 *
 *     node_modules/.bin/node examples/bandit/play.ts [ADDRESS]
 *
 * Prints how many visitors went to the better model, thirty by thirty, and what the router knows
 * at the end.
 */
import { readFileSync } from "node:fs";

const address = process.argv[2] ?? "http://127.0.0.1:8003/seldon/default/bandit";
const router = "chooser";
const models = ["tree", "forest"];
const step = 30;
const barLength = 40;

type Visitors = { readonly rows: readonly (readonly number[])[]; readonly labels: number[] };
type Answer = {
  readonly data: { readonly ndarray: readonly (readonly number[])[] };
  readonly meta: { readonly routing: Readonly<Record<string, number>> };
};
type Branch = {
  readonly name: string;
  readonly pulls: number;
  readonly trials: number;
  readonly mean_reward: number | null;
};
type Visit = { readonly model: string; readonly isRight: boolean };

const ask = async (path: string, body?: object): Promise<unknown> => {
  const answer = await fetch(`${address}/api/v1.0/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
};

const visit = async (row: readonly number[], label: number): Promise<Visit> => {
  const request = { data: { ndarray: [row] } };
  const response = (await ask("predictions", request)) as Answer; // as docs/engine.md has it
  const [probabilities = []] = response.data.ndarray;
  const isRight = probabilities.indexOf(Math.max(...probabilities)) === label;
  await ask("feedback", { request, response, reward: Number(isRight) });
  return { model: models[response.meta.routing[router] ?? -1] ?? "none", isRight };
};

const write = (line: string): boolean => process.stdout.write(`${line}\n`);
const percent = (part: number, whole: number): string =>
  `${((100 * part) / whole).toFixed(0)} %`.padStart(5);

const play = async ({ rows, labels }: Visitors): Promise<void> => {
  const visits: Visit[] = [];
  write("visitors  to the forest                                    right answers");
  for (const [i, row] of rows.entries()) {
    visits.push(await visit(row, labels[i] ?? -1));
    if (visits.length % step !== 0) continue;
    const latest = visits.slice(-step);
    const better = latest.filter(({ model }) => model === "forest").length;
    const right = latest.filter(({ isRight }) => isRight).length;
    const bar = "#".repeat(Math.round((barLength * better) / step)).padEnd(barLength, ".");
    const span = `${String(visits.length - step + 1).padStart(3)}-${visits.length}`.padEnd(9);
    write(`${span} ${bar} ${percent(better, step)}   ${percent(right, step)}`);
  }
};

const report = async (): Promise<void> => {
  const nodes = (await ask("routers")) as Readonly<Record<string, { branches: Branch[] }>>; // docs/bandits.md
  for (const { name, pulls, trials, mean_reward } of nodes[router]?.branches ?? []) {
    const mean = mean_reward?.toFixed(4) ?? "unknown";
    write(`${name}: ${pulls} visitors, ${trials} rewards, mean reward ${mean}`);
  }
};

await play(JSON.parse(readFileSync(new URL("visitors.json", import.meta.url), "utf8")));
await report();
