/**
 * Prints how the regret of each bandit router grows, and what other libraries make of it:
 *
 *     npm run regret
 *     npm run regret -- 100 32000
 *
 * with so many runs, up to so many trials; 50 and 16000 if not given.
 */
import { contests, reference, regretOf } from "./contests.ts";
import { simulate } from "./simulate.ts";

const [runs = 50, longest = 16_000] = process.argv.slice(2).map(Number);
const horizons = [4, 2, 1].map((part) => longest / part);
const sorted = [...new Set([2000, ...horizons])].sort((a, b) => a - b);

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const number = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(1));

say(`Mean regret of ${runs} runs, and what ${JSON.stringify(reference.packages)} make of 2000.`);
const columns = ["after 2000", "others", ...horizons.map((one) => `T = ${one}`)];
say(`| router | problem | ${columns.join(" | ")} | last doubling | in theory |`);
say(`| --- | --- | ${columns.map(() => "---:").join(" | ")} | ---: | --- |`);
for (const contest of contests) {
  const { regrets, errors } = await simulate(contest, sorted, runs);
  const at = (horizon: number): number => regrets[sorted.indexOf(horizon)] ?? Number.NaN;
  const other = regretOf(contest);
  const set = Object.entries(contest.parameters).map(([name, value]) => `${name} ${value}`);
  const cells = [
    [contest.implementation, ...set].join(", "),
    contest.problem,
    `${number(at(2000))} ± ${number(errors[sorted.indexOf(2000)])}`,
    other === undefined ? "" : `${number(other.mean)} ± ${number(other.error)}`,
    ...horizons.map((horizon) => number(at(horizon))),
    `× ${(at(longest) / at(longest / 2)).toFixed(2)}`,
    contest.order,
  ];
  say(`| ${cells.join(" | ")} |`);
}
