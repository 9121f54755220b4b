/** `espalier up`: SeldonDeployments on this machine, no cluster, no Docker. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { parseArgs } from "node:util";
import { defaultSettings } from "../api/settings.ts";
import { logLevels } from "../host/log.ts";
import { systemClock } from "../local/clock.ts";
import { type ImageCommand, readImageCommand } from "../local/images.ts";
import { makeTerminal, wantsColour } from "../local/terminal.ts";
import { up } from "../local/up.ts";
import { readInput } from "./manifests.ts";

const usage = `Usage: espalier up [flags] FILE...|FOLDER...|-

Runs the SeldonDeployments of YAML or JSON files on this machine. Each container
with a command becomes a process, which works in the folder of its manifest with
the environment that its pod would have; each predictor gets an engine; one port
serves all of them: REST at /seldon/<namespace>/<name>/..., gRPC to the deployment
that the metadata "seldon" and "namespace" name. Saving a file rolls over to the
new version. Ctrl-C stops everything.

  --image NAME='COMMAND'  run containers of this name or image with this command
                          (in a shell, followed by the container's args); repeatable
  --port PORT             where to serve; 0 takes a free port (8003)
  --host HOST             the address to serve on (127.0.0.1)
  --namespace NAMESPACE   of deployments that name none (default)
  --log-level LEVEL       of the engines: DEBUG, INFO, WARNING, ERROR, FATAL (WARNING)
  --help                  print this

A container takes its port from PREDICTIVE_UNIT_SERVICE_PORT, which names a free
one; a port that the manifest declares (ports[].name: http) is kept as it is.
Exit code: 0 when stopped, 1 when nothing could be started, 2 when the command is
not understood.
`;

type Flags = {
  readonly inputs: readonly string[];
  readonly images: readonly ImageCommand[];
  readonly port: number;
  readonly host: string;
  readonly namespace: string;
  readonly logLevel: string;
};

/** The flags, or what is wrong with them, or that help is wanted. */
const readFlags = (argv: readonly string[]): Flags | { readonly fault: string } | "help" => {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      image: { type: "string", multiple: true, default: [] },
      port: { type: "string", default: "8003" },
      host: { type: "string", default: "127.0.0.1" },
      namespace: { type: "string", default: "default" },
      "log-level": { type: "string", default: "WARNING" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return "help";
  if (positionals.length === 0) return { fault: "name a manifest file, a folder, or -" };
  const images = values.image.map(readImageCommand);
  const misread = values.image.find((_text, i) => images[i] === undefined);
  if (misread !== undefined) {
    return {
      fault: `--image ${misread}: write NAME='COMMAND', as in --image mymodel='python3 serve.py'`,
    };
  }
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    return { fault: `--port ${values.port}: write a port from 0 to 65535` };
  }
  const logLevel = values["log-level"].toUpperCase();
  if (!logLevels.includes(logLevel)) {
    return { fault: `--log-level ${values["log-level"]}: write one of ${logLevels.join(", ")}` };
  }
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(values.namespace)) {
    return { fault: `--namespace ${values.namespace}: write lower-case letters, digits and -` };
  }
  return {
    inputs: [...new Set(positionals)],
    images: images.filter((image) => image !== undefined),
    port,
    host: values.host,
    namespace: values.namespace,
    logLevel,
  };
};

export const main = async (argv: readonly string[]): Promise<number> => {
  const flags = understand(argv);
  if (flags === "help") {
    process.stdout.write(usage);
    return 0;
  }
  if ("fault" in flags) {
    process.stderr.write(`espalier up: ${flags.fault}\nTry "espalier up --help".\n`);
    return 2;
  }
  const { stop, onKillable } = endings();
  const sources = { stdin: process.stdin, cwd: () => process.cwd() };
  return up({
    ...flags,
    cwd: process.cwd(),
    read: (input) => readInput(input, sources),
    machine: {
      settings: defaultSettings,
      images: flags.images,
      env: { ...stateFolder(process.env), ...inherited(process.env) },
      commandFolder: commandFolder(),
      logLevel: flags.logLevel,
    },
    terminal: makeTerminal({
      stdout: process.stdout,
      stderr: process.stderr,
      colour: wantsColour(process.stdout.isTTY, process.env),
    }),
    clock: systemClock,
    random: Math.random,
    stop,
    onKillable,
  });
};

const understand = (argv: readonly string[]): ReturnType<typeof readFlags> => {
  try {
    return readFlags(argv);
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
};

/** Every way in which this process may end, and what is done about its children. */
const endings = () => {
  const stop = new AbortController();
  let kill = (): void => {};
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", () => stop.abort()); // nobody reads us any more, as after `| head`
  }
  process.on("exit", () => kill()); // the last resort: also after an exception
  return {
    stop: stop.signal,
    onKillable: (end: () => void): void => {
      kill = end;
    },
  };
};

const inherited = (env: NodeJS.ProcessEnv): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

/** Where what nodes learn outlives this command. Source: XDG Base Directory Specification. */
const stateFolder = ({ XDG_STATE_HOME: state, HOME: home }: NodeJS.ProcessEnv) => {
  const folder = state && isAbsolute(state) ? state : home && join(home, ".local", "state");
  return folder ? { ESPALIER_STATE_DIR: join(folder, "espalier") } : undefined;
};

/** The folder of the command `espalier`, which containers may call: from a clone or from a package. */
const commandFolder = (): string => {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, "bin", "espalier"))) return join(folder, "bin");
  }
  return import.meta.dirname;
};
