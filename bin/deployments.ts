/**
 * The SeldonDeployments that a command line names: read, judged one by one, and what is found told
 * in lines that look the same whichever command tells them.
 */
import { type Document, isDeployment } from "../api/documents.ts";
import { failure, type Issue, type Result, success } from "../api/result.ts";
import { readSeldonConfig } from "../api/seldon-config.ts";
import type { Settings } from "../api/settings.ts";
import { readInput, type Sources } from "./manifests.ts";

export type Io = Sources & {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
};

/** A fault or a warning; `subject` is the name of a deployment, or a place in a file. */
export type Line = Issue & { readonly word: "error" | "warning"; readonly subject: string };

/** What was read and found; `values` are of those deployments that have no fault. */
export type Reading<T> = {
  readonly deployments: number;
  readonly values: readonly T[];
  readonly lines: readonly Line[];
};

export type Question<T> = {
  readonly inputs: readonly string[];
  /** A file with a ConfigMap seldon-config. */
  readonly config: string | undefined;
  /** What `config` overrides. */
  readonly settings: Settings;
  readonly judge: (value: unknown, settings: Settings) => Result<T>;
};

export const readDeployments = async <T>(question: Question<T>, io: Io): Promise<Reading<T>> => {
  const settings = await readSettings(question, io);
  if (!settings.ok) {
    return { deployments: 0, values: [], lines: settings.issues.map(error("seldon-config")) };
  }
  const lines: Line[] = settings.warnings.map(warning("seldon-config"));
  const values: T[] = [];
  const seen = new Map<string, string>();
  let deployments = 0;
  for (const input of question.inputs) {
    const { documents, issues } = await readInput(input, io);
    lines.push(...issues.map(error("")));
    for (const document of documents) {
      if (!isDeployment(document)) {
        lines.push(warning(label(document))(skipped(document)));
        continue;
      }
      deployments++;
      const result = question.judge(document.value, settings.value);
      if (result.ok) values.push(result.value);
      else lines.push(...result.issues.map(error(label(document))));
      lines.push(...result.warnings.map(warning(label(document))), ...repeated(document, seen));
    }
  }
  return { deployments, values, lines: [...lines, ...nothingJudged(deployments, lines)] };
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

const readSettings = async (
  { config, settings }: Question<unknown>,
  io: Io,
): Promise<Result<Settings>> => {
  if (config === undefined) return success(settings);
  const { documents, issues } = await readInput(config, io);
  if (issues.length > 0) return failure(issues);
  return readSeldonConfig(documents[0]?.value, settings);
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

export const print = ({ word, subject, path, message }: Line): string =>
  [word, subject, path, message].filter((part) => part !== "").join(": ");

export const counted = (count: number, thing: string): string =>
  `${count} ${thing}${count === 1 ? "" : "s"}`;

/** The streams of this process; a reader that leaves early, as `head` does, is no fault. */
export const makeSystemIo = (): Io => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    cwd: () => process.cwd(),
  };
};
