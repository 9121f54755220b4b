/** The command line of the bench. */
import { parseArgs } from "node:util";
import { type Case, cases } from "./cases.ts";

export type Options = {
  readonly rounds: number;
  /** Share of each case's requests that a round sends, 0-1. */
  readonly scale: number;
  readonly cases: readonly Case[];
  /** A file for all results as JSON. */
  readonly json: string | undefined;
  /** A folder for CPU profiles of the engine. */
  readonly profile: string | undefined;
};

export type Parsed =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "fault"; readonly fault: string };

export const usage = `usage: npm run bench -- [--rounds N] [--quick] [--only TEXT] [--json FILE] [--profile DIR]

Measures the engine's CPU time per request, its latency, its start and its memory, beside nginx and
haproxy as plain proxies where they are installed. Linux only. See docs/performance.md.

  --rounds N     rounds of every case (default 5; 1 to 100)
  --quick        2 rounds with a tenth of the requests: to see that it works, not to quote
  --only TEXT    only cases whose name contains TEXT: ${cases.map(({ id }) => id).join(", ")}
  --json FILE    write all results, round by round
  --profile DIR  write CPU profiles of the engine and print where its time goes; figures suffer
`;

const quick = { rounds: 2, scale: 0.1 };
const whole = { rounds: 5, scale: 1 };

export const parseOptions = (argv: readonly string[]): Parsed => {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        rounds: { type: "string" },
        quick: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        json: { type: "string" },
        profile: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    const size = values.quick ? quick : whole;
    const rounds = values.rounds === undefined ? size.rounds : Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) {
      return fault(`--rounds is "${values.rounds}"; give a whole number from 1 to 100`);
    }
    const chosen = cases.filter(({ id }) => id.includes(values.only));
    if (chosen.length === 0) {
      return fault(
        `--only "${values.only}" matches no case; there are ${cases.map(({ id }) => id).join(", ")}`,
      );
    }
    const { json, profile } = values;
    return { kind: "run", options: { ...size, rounds, cases: chosen, json, profile } };
  } catch (error) {
    return fault(error instanceof Error ? error.message : String(error));
  }
};

const fault = (text: string): Parsed => ({ kind: "fault", fault: text });
