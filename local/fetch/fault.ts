/** Codes of what can be wrong. `docs/storage.md` says of each what to do. */
export const fetchCodes = [
  "BAD_URI",
  "BAD_SETTING",
  "NO_BUCKET",
  "NOT_FOUND",
  "DENIED",
  "BAD_CREDENTIALS",
  "WRONG_REGION",
  "UNREACHABLE",
  "UNTRUSTED",
  "BAD_ANSWER",
  "CHANGED",
  "CORRUPT",
  "BAD_NAME",
  "TOO_LARGE",
  "TOO_MANY",
  "DISK_FULL",
  "DISK",
  "TIMED_OUT",
] as const;
export type FetchCode = (typeof fetchCodes)[number];

export type FaultOptions = {
  readonly cause?: unknown;
  /** Whether asking again may help. */
  readonly isPassing?: boolean;
  /** When to ask again, where the server said so. */
  readonly afterMs?: number;
};

/** Why a model could not be fetched: a code, and what, where and how to mend it, without secrets. */
export class FetchFault extends Error {
  override readonly name = "FetchFault";
  readonly code: FetchCode;
  readonly isPassing: boolean;
  readonly afterMs: number | undefined;

  constructor(code: FetchCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.isPassing = options.isPassing ?? false;
    this.afterMs = options.afterMs;
  }
}

/** The code of an error of the system or of Node.js, of its cause if it has none itself. */
export const systemCodeOf = (thrown: unknown): string => {
  let error = thrown as Caused | null | undefined; // each part of it is looked at before it is used
  for (let depth = 0; typeof error === "object" && error !== null && depth < 4; depth++) {
    if (typeof error.code === "string") return error.code;
    error = error.errors?.[0] ?? error.cause;
  }
  return "";
};

/** What Node.js adds to its errors. */
type Caused = {
  readonly code?: unknown;
  readonly errors?: readonly Caused[];
  readonly cause?: Caused;
};
