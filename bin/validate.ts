/**
 * `espalier validate`: every fault of the given manifests, with its field path and how to mend it.
 *
 * Faults and warnings go to the error output, one a line, the summary to the standard output. The
 * exit code is 0 when all is well, 1 when there is a fault, 2 when the command was not understood.
 */

import { parseArgs } from "node:util";
import { type Document, isDeployment } from "../api/documents.ts";
import { parse } from "../api/parse.ts";
import { failure, type Issue, type Result, success } from "../api/result.ts";
import { readSeldonConfig } from "../api/seldon-config.ts";
import { defaultSettings, type Settings } from "../api/settings.ts";
import { readInput, type Sources } from "./manifests.ts";

export type Io = Sources & {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
};

const usage = `usage: espalier validate [--strict] [--config FILE] [--quiet] FILE...|FOLDER...|-

Tells every fault of the SeldonDeployments in YAML or JSON files, with its field
path and how to mend it. A folder stands for its *.yaml, *.yml and *.json files,
and - for the standard input.

  --strict       unknown fields are errors, not warnings
  --config FILE  a ConfigMap seldon-config with the predictor_servers of a cluster
  --quiet        print errors only: no warnings, no summary
  --help         print this

Exit code: 0 without errors, 1 with errors, 2 when the command is not understood.
`;

type Options = {
  readonly strict: boolean;
  readonly quiet: boolean;
  readonly config: string | undefined;
  readonly inputs: readonly string[];
};

/** What was read and found so far; `name` of a deployment, or of a place in a file. */
type Line = Issue & { readonly word: "error" | "warning"; readonly subject: string };
type Report = { readonly deployments: number; readonly lines: readonly Line[] };

export const main = async (argv: readonly string[], io: Io = systemIo): Promise<number> => {
  const options = readOptions(argv);
  if (typeof options === "string") {
    const isHelp = options === usage;
    (isHelp ? io.stdout : io.stderr).write(options);
    return isHelp ? 0 : 2;
  }
  const { deployments, lines } = await validate(options, io);
  const shown = options.quiet ? lines.filter(({ word }) => word === "error") : lines;
  for (const line of shown) io.stderr.write(`${print(line)}\n`);
  const errors = lines.filter(({ word }) => word === "error").length;
  if (!options.quiet) {
    const warnings = lines.length - errors;
    io.stdout.write(
      `${counted(deployments, "deployment")}, ${counted(errors, "error")}, ` +
        `${counted(warnings, "warning")}\n`,
    );
  }
  return errors > 0 ? 1 : 0;
};

/** The options, or what to print instead. */
const readOptions = (argv: readonly string[]): Options | string => {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        strict: { type: "boolean" },
        quiet: { type: "boolean", short: "q" },
        config: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return usage;
    if (positionals.length === 0)
      return complain("name a manifest file, a folder, or - to read standard input");
    const { strict = false, quiet = false, config } = values;
    return { strict, quiet, config, inputs: positionals };
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
};

const complain = (what: string): string =>
  `espalier validate: ${what}\nTry "espalier validate --help".\n`;

const validate = async (options: Options, io: Io): Promise<Report> => {
  const settings = await readSettings(options.config, io);
  if (!settings.ok) return { deployments: 0, lines: settings.issues.map(error("seldon-config")) };
  const lines: Line[] = settings.warnings.map(warning("seldon-config"));
  const seen = new Map<string, string>();
  let deployments = 0;
  for (const input of options.inputs) {
    const { documents, issues } = await readInput(input, io);
    lines.push(...issues.map(error("")));
    for (const document of documents) {
      if (!isDeployment(document)) {
        lines.push(warning(label(document))(skipped(document)));
        continue;
      }
      deployments++;
      lines.push(...judge(document, settings.value, options.strict), ...repeated(document, seen));
    }
  }
  return { deployments, lines: [...lines, ...nothingJudged(deployments, lines)] };
};

const judge = (document: Document, settings: Settings, strict: boolean): readonly Line[] => {
  const result = parse(document.value, settings, { strict });
  const subject = label(document);
  return [
    ...(result.ok ? [] : result.issues.map(error(subject))),
    ...result.warnings.map(warning(subject)),
  ];
};

/** A name that was given before: in a cluster the later document would overwrite the earlier. */
const repeated = (document: Document, seen: Map<string, string>): readonly Line[] => {
  const { name, namespace } = metadataOf(document);
  if (name === undefined) return [];
  const key = `${namespace ?? "default"}/${name}`;
  const earlier = seen.get(key);
  seen.set(key, document.source);
  if (earlier === undefined) return [];
  const message = `${key} was given before, in ${earlier}, and the later one wins; rename one`;
  return [warning(label(document))({ path: "metadata.name", message })];
};

const nothingJudged = (deployments: number, lines: readonly Line[]): readonly Line[] => {
  if (deployments > 0 || lines.some(({ word }) => word === "error")) return [];
  return [
    error("")({ path: "", message: "no SeldonDeployment was given; name a manifest of one" }),
  ];
};

const skipped = ({ value }: Document): Issue => {
  const kind = (value as { kind?: unknown } | null)?.kind; // any value but null may be asked for a field
  const what = typeof kind === "string" ? `a ${kind}, ` : "";
  return { path: "", message: `is ${what}not a SeldonDeployment; skipped` };
};

const readSettings = async (config: string | undefined, io: Io): Promise<Result<Settings>> => {
  if (config === undefined) return success(defaultSettings);
  const { documents, issues } = await readInput(config, io);
  if (issues.length > 0) return failure(issues);
  return readSeldonConfig(documents[0]?.value, defaultSettings);
};

const metadataOf = ({
  value,
}: Document): { readonly name?: string; readonly namespace?: string } => {
  const metadata = (value as { metadata?: { name?: unknown; namespace?: unknown } | null })
    .metadata; // only asked of objects
  const { name, namespace } = metadata ?? {};
  return {
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof namespace === "string" ? { namespace } : {}),
  };
};

/** Where a line is about: `file: document 2: name`. */
const label = (document: Document): string => {
  const parts = [
    document.source,
    document.place,
    isDeployment(document) ? metadataOf(document).name : "",
  ];
  return parts.filter(Boolean).join(": ");
};

const error =
  (subject: string) =>
  (issue: Issue): Line => ({ ...issue, word: "error", subject });

const warning =
  (subject: string) =>
  (issue: Issue): Line => ({ ...issue, word: "warning", subject });

const print = ({ word, subject, path, message }: Line): string =>
  [word, subject, path, message].filter((part) => part !== "").join(": ");

const counted = (count: number, thing: string): string =>
  `${count} ${thing}${count === 1 ? "" : "s"}`;

const systemIo: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  cwd: () => process.cwd(),
};
