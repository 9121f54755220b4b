/**
 * `espalier validate`: every fault of the given manifests, with its field path and how to mend it.
 *
 * Faults and warnings go to the error output, one a line, the summary to the standard output. The
 * exit code is 0 when all is well, 1 when there is a fault, 2 when the command was not understood.
 */

import { parseArgs } from "node:util";
import { parse } from "../api/parse.ts";
import { defaultSettings } from "../api/settings.ts";
import { counted, type Io, makeSystemIo, print, readDeployments } from "./deployments.ts";

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

export const main = async (argv: readonly string[], io: Io = makeSystemIo()): Promise<number> => {
  const options = readOptions(argv);
  if (typeof options === "string") {
    const isHelp = options === usage;
    (isHelp ? io.stdout : io.stderr).write(options);
    return isHelp ? 0 : 2;
  }
  const { strict, inputs, config } = options;
  const { deployments, lines } = await readDeployments(
    {
      inputs,
      config,
      settings: defaultSettings,
      judge: (value, settings) => parse(value, settings, { strict }),
    },
    io,
  );
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
