/** curl, and what it says of each transfer. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "./tools.ts";

export type Transfer = {
  readonly status: number;
  /** `1` stands for 1.0. */
  readonly version: string;
  /** 0 if a connection was used again. */
  readonly connects: number;
  readonly uploaded: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: Buffer;
};

export type Curled = {
  readonly code: number;
  readonly transfers: readonly Transfer[];
  /** What -v says. */
  readonly trace: string;
};

/** What curl says of a transfer with `%{json}`, as far as it is looked at. */
type Info = {
  readonly response_code: number;
  readonly http_version: string;
  readonly num_connects: number;
  readonly size_upload: number;
};

const mark = "\n--next--\n";
const longestSeconds = "90";

/**
 * Runs curl once. Every element is one transfer: its arguments, the URL among them; they go one
 * after the other, over the same connection where there is one.
 */
export const curl = async (
  ...transfers: readonly (readonly string[])[]
): Promise<Curled & { readonly first: Transfer }> => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-curl-"));
  try {
    const file = (i: number): string => join(folder, `body-${i}`);
    const args = transfers.flatMap((given, i) => [
      ...(i === 0 ? [] : ["--next"]),
      ...["-sSv", "--noproxy", "*", "--max-time", longestSeconds],
      ...["-o", file(i), "-w", `%{json}${mark}%{header_json}${mark}`],
      ...given,
    ]);
    const { code, out, err } = await runTool("curl", args);
    const told = out.split(mark);
    const made = transfers.map((_, i) =>
      transferOf(JSON.parse(told[2 * i] ?? "{}"), JSON.parse(told[2 * i + 1] ?? "{}"), file(i)),
    );
    const [first] = made;
    if (first === undefined) throw new Error("curl was given nothing to transfer");
    return { code, transfers: made, trace: err, first };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const transferOf = (info: Info, headers: Transfer["headers"], file: string): Transfer => ({
  status: info.response_code,
  version: info.http_version,
  connects: info.num_connects,
  uploaded: info.size_upload,
  headers,
  body: read(file),
});

/** curl makes no file of an answer without a body. */
const read = (file: string): Buffer => {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
};
