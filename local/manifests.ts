/** From manifest files to deployments that can run here, with every fault and warning in them. */
import { dirname, resolve } from "node:path";
import { type Document, isDeployment, withNamespace } from "../api/documents.ts";
import { parse } from "../api/parse.ts";
import type { Issue } from "../api/result.ts";
import type { Deployment } from "../api/types.ts";
import { isRunnable } from "./command.ts";
import { withoutEffect } from "./obstacles.ts";
import type { Machine, PredictorLayout } from "./site.ts";
import { sketch } from "./sketch.ts";

export type Manifest = {
  readonly deployment: Deployment;
  /** The file it was read from, as it was named. */
  readonly source: string;
  /** The folder of that file: commands run there. */
  readonly folder: string;
};

/** An issue, and which deployment of which file it is about. */
export type Notice = Issue & { readonly subject: string };

export type Reading = {
  readonly manifests: readonly Manifest[];
  readonly faults: readonly Notice[];
  readonly warnings: readonly Notice[];
};

/** Reads one file, folder or `-`; what could not be read is an issue. */
export type ReadInput = (input: string) => Promise<{
  readonly documents: readonly Document[];
  readonly issues: readonly Issue[];
}>;

export type ReadingOptions = {
  readonly read: ReadInput;
  readonly machine: Machine;
  /** For deployments that name none. */
  readonly namespace: string;
  readonly cwd: string;
};

export const keyOf = ({ deployment: { metadata } }: Manifest): string =>
  `${metadata.namespace}/${metadata.name}`;

export const readManifests = async (input: string, options: ReadingOptions): Promise<Reading> => {
  const { documents, issues } = await options.read(input);
  const readings = documents.map((document) => readDocument(document, options));
  const manifests = readings.flatMap((reading) => reading.manifests);
  const faults = [
    ...issues.map((issue) => ({ ...issue, subject: "" })),
    ...readings.flatMap((reading) => reading.faults),
  ];
  const nothing = manifests.length === 0 && faults.length === 0;
  return {
    manifests,
    faults: nothing
      ? [{ subject: "", path: input, message: "holds no SeldonDeployment; name a manifest of one" }]
      : faults,
    warnings: readings.flatMap((reading) => reading.warnings),
  };
};

const readDocument = (document: Document, options: ReadingOptions): Reading => {
  const at = [document.source, document.place].filter((part) => part !== "").join(": ");
  if (!isDeployment(document)) {
    const warning = { subject: at, path: "", message: "is not a SeldonDeployment; skipped" };
    return { manifests: [], faults: [], warnings: [warning] };
  }
  const { machine } = options;
  const parsed = parse(withNamespace(document.value, options.namespace), machine.settings);
  const name = parsed.ok ? parsed.value.metadata.name : nameOf(document.value);
  const subject = [at, name].filter((part) => part !== "").join(": ");
  const named = (issues: readonly Issue[]): Notice[] =>
    issues.map((issue) => ({ ...issue, subject }));
  if (!parsed.ok) {
    return { manifests: [], faults: named(parsed.issues), warnings: named(parsed.warnings) };
  }
  const folder = document.source === "stdin" ? options.cwd : folderOf(document.source, options.cwd);
  const manifest = { deployment: parsed.value, source: document.source, folder };
  const judged = judge(manifest, machine);
  return {
    manifests: [manifest],
    faults: named(judged.issues),
    warnings: named([...parsed.warnings, ...judged.warnings]),
  };
};

const folderOf = (source: string, cwd: string): string => dirname(resolve(cwd, source));

type Fields = { readonly [key: string]: unknown };
const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields) // an object that is no list has string keys
    : {};

const nameOf = (value: unknown): string => {
  const { name } = fields(fields(value)["metadata"]);
  return typeof name === "string" ? name : "";
};

type Judged = { readonly issues: readonly Issue[]; readonly warnings: readonly Issue[] };

/** What keeps a deployment from running here. */
const judge = ({ deployment, folder }: Manifest, machine: Machine): Judged => {
  const sketches = deployment.spec.predictors.map((_predictor, index) =>
    sketch({ deployment, index, folder }, machine),
  );
  return {
    issues: sketches.flatMap((laid) => (laid.ok ? missingCommands(laid.value) : laid.issues)),
    warnings: [...withoutEffect(deployment), ...sketches.flatMap(({ warnings }) => warnings)],
  };
};

const missingCommands = ({ pods }: PredictorLayout): readonly Issue[] =>
  pods
    .flatMap(({ init, containers }) => [...init, ...containers])
    .flatMap(({ path, process: { file, cwd, env } }) =>
      isRunnable(file, cwd, env["PATH"] ?? "")
        ? []
        : [{ path: `${path}.command[0]`, message: `"${file}" ${wherefore(file, cwd)}` }],
    );

const wherefore = (file: string, cwd: string): string =>
  file.includes("/")
    ? `is no program in ${cwd}; check the path, which begins at the manifest's folder`
    : "is no program on the PATH; install it, or write its path";

/** A name that an earlier manifest has. */
export const repeats = (manifests: readonly Manifest[]): readonly Notice[] => {
  const seen = new Map<string, string>();
  return manifests.flatMap((manifest) => {
    const key = keyOf(manifest);
    const earlier = seen.get(key);
    seen.set(key, earlier ?? manifest.source);
    const message = `${key} is in ${earlier} too; rename one of them`;
    return earlier === undefined
      ? []
      : [{ subject: manifest.source, path: "metadata.name", message }];
  });
};
