/** The command line of the bench. */
import { parseArgs } from "node:util";
import { type Case, cases } from "./cases.ts";
import { type ReferenceName, referenceNames } from "./variants.ts";

export type Options = {
  readonly rounds: number;
  /** Share of each case's requests that a round sends, 0-1. */
  readonly scale: number;
  readonly cases: readonly Case[];
  /** Measures the steps from a bare server to the engine. */
  readonly ladder: boolean;
  readonly references: readonly ReferenceName[];
  /** A file for all results as JSON. */
  readonly json: string | undefined;
  /** A file of results that is shown; nothing is measured. */
  readonly from: string | undefined;
  /** A page for the figures. */
  readonly markdown: string | undefined;
  /** A file for the drawing of them. */
  readonly svg: string | undefined;
  /** A folder for CPU profiles of the engine. */
  readonly profile: string | undefined;
};

export type Parsed =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "fault"; readonly fault: string };

const caseIds = cases.map(({ id }) => id).join(", ");

export const usage = `usage: npm run bench -- [flags]

Measures the engine's CPU time per request, its latency, its start and its memory, over REST and
gRPC, beside nginx, haproxy and proxies in Go as references, where they are there. Linux only. See
docs/performance.md.

  --rounds N          rounds of every case (default 5; 1 to 100)
  --quick             2 rounds with a tenth of the requests: to see that it works, not to quote
  --only TEXT,...     only cases whose names contain one of the texts; there are
                      ${caseIds.replace(/(.{1,56}), /g, "$1,\n                      ")}
  --references NAME,...  only these references: ${referenceNames.join(", ")}
  --ladder            the steps from a bare server to the engine beside it, for small and large requests
  --json FILE         write all results, round by round
  --markdown FILE     write the figures into a page, between its two markers
  --svg FILE          draw them
  --from FILE         measure nothing: show, write and draw what an earlier run wrote with --json
  --profile DIR       write CPU profiles of the engine and print where its time goes; figures suffer
`;

const quick = { rounds: 2, scale: 0.1 };
const whole = { rounds: 5, scale: 1 };

const ladderCases = "one-small,one-request";

const flags = {
  rounds: { type: "string" },
  quick: { type: "boolean", default: false },
  only: { type: "string" },
  references: { type: "string", default: referenceNames.join(",") },
  ladder: { type: "boolean", default: false },
  json: { type: "string" },
  markdown: { type: "string" },
  svg: { type: "string" },
  from: { type: "string" },
  profile: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

export const parseOptions = (argv: readonly string[]): Parsed => {
  try {
    const { values } = parseArgs({ args: [...argv], options: flags });
    if (values.help) return { kind: "help" };
    const size = values.quick ? quick : whole;
    const rounds = values.rounds === undefined ? size.rounds : Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) {
      return fault(`--rounds is "${values.rounds}"; give a whole number from 1 to 100`);
    }
    const only = (values.only ?? (values.ladder ? ladderCases : "")).split(",");
    const chosen = cases.filter(({ id }) => only.some((text) => isMeant(id, text)));
    if (chosen.length === 0) {
      return fault(`--only "${only}" matches no case; there are ${caseIds}`);
    }
    const wanted = values.references.split(",").filter((name) => name !== "");
    const references = referenceNames.filter((name) => wanted.includes(name));
    if (references.length < wanted.length) {
      return fault(
        `--references is "${values.references}"; give some of ${referenceNames.join(", ")}`,
      );
    }
    const { json, markdown, svg, from, profile, ladder } = values;
    const files = { json, markdown, svg, from, profile };
    return {
      kind: "run",
      options: { ...size, ...files, rounds, cases: chosen, references, ladder },
    };
  } catch (error) {
    return fault(error instanceof Error ? error.message : String(error));
  }
};

/** The name of a case means that case alone. */
const isMeant = (id: string, text: string): boolean =>
  cases.some((one) => one.id === text) ? id === text : id.includes(text);

const fault = (text: string): Parsed => ({ kind: "fault", fault: text });
