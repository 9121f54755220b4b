import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger } from "pino";

/** The words the contract accepts for a log level, and what pino calls them. Source: engine contract, 1.1. */
const levels: Readonly<Record<string, string>> = {
  DEBUG: "debug",
  INFO: "info",
  WARN: "warn",
  WARNING: "warn",
  ERROR: "error",
  FATAL: "fatal",
};

export const logLevels = Object.keys(levels);

/**
 * Makes a logger that writes one JSON object a line: a constant message and fields.
 *
 * `level` is one of `logLevels`; any other word means INFO. Lines go to standard error, so that
 * standard output stays free for what a command prints.
 */
export const makeLog = (level: string, stream: DestinationStream = standardError()): Logger =>
  pino(
    {
      level: levels[level.toUpperCase()] ?? "info",
      timestamp: stdTimeFunctions.isoTime,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );

/** Who serves goes on serving when nobody reads the log any more. */
const standardError = (): DestinationStream => {
  if (process.stderr.listenerCount("error") === 0) process.stderr.on("error", () => {});
  return process.stderr;
};
