/** What `up` prints: plain lines, aligned, each line of a process behind its name. */
import type { Writable } from "node:stream";
import type { Surroundings } from "./process.ts";

export type Terminal = Pick<Surroundings, "print" | "whenDrained"> & {
  /** What the user asked for: addresses, what to type next. Standard output. */
  say(text: string): void;
  /** What happens: starts, restarts, faults. Standard error. */
  note(text: string): void;
};

export type TerminalOptions = {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly colour: boolean;
};

/** Blue, magenta, cyan, green, yellow and their bright kin: readable on dark and on light. */
const colours = [34, 35, 36, 32, 33, 94, 95, 96] as const;

/** The same name has the same colour in every run. */
export const colourOf = (label: string): number => {
  let sum = 0;
  for (const letter of label) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return colours[sum % colours.length] ?? colours[0];
};

/** Colours are for people: a terminal, and no `NO_COLOR` (https://no-color.org). */
export const wantsColour = (
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean => isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";

export const makeTerminal = ({ stdout, stderr, colour }: TerminalOptions): Terminal => {
  let width = 0; // of the longest name so far, so that lines stand in columns
  const waiting: (() => void)[] = [];
  const resumeAll = (): void => {
    for (const resume of waiting.splice(0)) resume();
  };
  for (const stream of new Set([stdout, stderr])) stream.on("drain", resumeAll);

  const prefixOf = (label: string): string => {
    width = Math.max(width, label.length);
    const prefix = `[${label}]`.padEnd(width + 2);
    return colour ? `\u001b[${colourOf(label)}m${prefix}\u001b[0m ` : `${prefix} `;
  };

  return {
    say: (text) => {
      stdout.write(`${text}\n`);
    },
    note: (text) => {
      stderr.write(`${text}\n`);
    },
    print: (label, line, stream) =>
      (stream === "stdout" ? stdout : stderr).write(`${prefixOf(label)}${line}\n`),
    whenDrained: (resume) => {
      if (stdout.writableNeedDrain || stderr.writableNeedDrain) waiting.push(resume);
      else resume();
    },
  };
};
