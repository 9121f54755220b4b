/**
 * Command-line flags as Go reads them: `-x v`, `--x v`, `--x=v`; a boolean needs `=` to be false.
 *
 * Every fault is reported, not just the first. Source: engine contract, 1.1.
 */
export type Flag = {
  readonly kind: "string" | "int" | "bool" | "duration";
  /** As it would be written on the command line; undefined makes the flag required. */
  readonly default: string | undefined;
  readonly help: string;
};
export type FlagTable = Readonly<Record<string, Flag>>;

/** `int` and `duration` are numbers, a duration in milliseconds. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name]["kind"] extends "bool"
    ? boolean
    : Table[Name]["kind"] extends "string"
      ? string
      : number;
};

export type ReadFlags<Table extends FlagTable> =
  | { readonly ok: true; readonly values: FlagValues<Table> }
  /** `malformed`: what is there is no command line; otherwise something is missing. */
  | { readonly ok: false; readonly faults: readonly string[]; readonly malformed: boolean };

export const readFlags = <Table extends FlagTable>(
  table: Table,
  argv: readonly string[],
): ReadFlags<Table> => {
  const faults: string[] = [];
  const given = collect(table, argv, faults);
  let missing = 0;
  const values: Record<string, string | number | boolean> = {};
  for (const [name, flag] of Object.entries(table)) {
    const text = given.get(name) ?? flag.default;
    if (text === undefined || (text === "" && flag.default === undefined)) {
      missing += 1;
      faults.push(`--${name} is required: ${flag.help}`);
      continue;
    }
    const value = convert(flag.kind, text);
    if (value === undefined) faults.push(`--${name} is "${text}"; ${wanted[flag.kind]}`);
    else values[name] = value;
  }
  if (faults.length > 0) return { ok: false, faults, malformed: faults.length > missing };
  return { ok: true, values: values as FlagValues<Table> }; // filled from the table, kind by kind
};

const wanted = {
  string: "write some text",
  int: "write a whole number",
  bool: "write true or false",
  duration: 'write a duration such as "15s", "1m30s" or "500ms"',
} as const;

const collect = (
  table: FlagTable,
  argv: readonly string[],
  faults: string[],
): ReadonlyMap<string, string> => {
  const given = new Map<string, string>();
  const words = argv.values();
  for (const word of words) {
    if (word === "") continue; // v1's chart passes one
    const { name = "", inline, flag } = parseWord(table, word);
    if (flag === undefined) {
      faults.push(name === "" ? `"${word}" is not a flag` : `there is no flag --${name}`);
      continue;
    }
    const value = inline ?? (flag.kind === "bool" ? "true" : words.next().value);
    if (value === undefined) faults.push(`--${name} needs a value`);
    else given.set(name, value);
  }
  return given;
};

const parseWord = (table: FlagTable, word: string) => {
  const { name, inline } = /^--?(?<name>[^-=][^=]*)(?:=(?<inline>.*))?$/s.exec(word)?.groups ?? {};
  return {
    name,
    inline,
    flag: name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined,
  };
};

const convert = (kind: Flag["kind"], text: string): string | number | boolean | undefined => {
  switch (kind) {
    case "string":
      return text;
    case "int":
      return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;
    case "bool":
      return parseBool(text);
    case "duration": {
      const ms = parseDuration(text);
      return ms === undefined ? undefined : Math.min(ms, longestTimerMs);
    }
  }
};

/** A timer of Node.js that is set to more fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The words that Go's ParseBool takes. */
export const parseBool = (text: string): boolean | undefined => {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
  return /^(?:0|f|F|false|FALSE|False)$/.test(text) ? false : undefined;
};

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A Go duration in milliseconds; undefined for anything else, and for negative ones. */
export const parseDuration = (text: string): number | undefined => {
  if (text === "0") return 0;
  if (!/^\+?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    ms += Number(amount) * (unitMs[unit ?? ""] ?? 0);
  }
  return ms;
};

/** The flags of a command, one a line, for its `--help`. */
export const describeFlags = (table: FlagTable): string => {
  const rows = Object.entries(table).map(([name, flag]) => {
    const fallback =
      flag.default === undefined
        ? " (required)"
        : flag.default === ""
          ? ""
          : ` (default ${flag.default})`;
    return {
      left: `  --${name}${flag.kind === "bool" ? "" : ` ${flag.kind}`}`,
      right: `${flag.help}${fallback}`,
    };
  });
  const width = Math.max(...rows.map(({ left }) => left.length)) + 2;
  return `${rows.map(({ left, right }) => left.padEnd(width) + right).join("\n")}\n`;
};
