/**
 * `espalier fetch`: the files of a stored model, from where a URI says into a folder. What a storage
 * initializer does in a cluster.
 *
 * A place is read from the URI and the environment; its source lists the files; they are transferred
 * to a stage, several at a time; when all are there and checked, they are put into the folder.
 */
import { statfs } from "node:fs/promises";
import { makeBudget } from "./budget.ts";
import { FetchFault, systemCodeOf } from "./fault.ts";
import { type Agents, makeAgents, withoutSecrets } from "./http.ts";
import { checkNames } from "./names.ts";
import { type Place, placeOf } from "./place.ts";
import { type Patience, retrying } from "./retry.ts";
import type { Env, Source, StoredFile } from "./source.ts";
import { openStage, type Stage } from "./stage.ts";
import { type Transfers, transfer } from "./transfer.ts";

export type FetchLimits = {
  /** Of all files together. */
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly timeoutMs: number;
  /** How many files at a time. */
  readonly parallel: number;
};

export type FetchOptions = {
  readonly uri: string;
  readonly folder: string;
  readonly limits: FetchLimits;
  readonly patience: Patience;
  readonly env: Env;
  /** Told what is left out, though it does no harm. */
  readonly warn: (sentence: string) => void;
};

export type Fetched = {
  readonly paths: readonly string[];
  /** That came; less than the files have when a fetch that was broken off is continued. */
  readonly bytes: number;
};

/** @throws {FetchFault} with what is wrong, where, and how to mend it. */
export const fetchModel = async (options: FetchOptions): Promise<Fetched> => {
  const { limits, folder } = options;
  const place = placeOf(options.uri, options.env);
  const source = await sourceOf(place, options);
  const late = AbortSignal.timeout(limits.timeoutMs);
  try {
    return await fetchFrom(source, originOf(place), options, late);
  } catch (thrown) {
    if (late.aborted) {
      const last = thrown instanceof FetchFault ? ` (the last time: ${thrown.message})` : "";
      const message = `${source.where}: took longer than ${limits.timeoutMs / 1000} s${last}; raise ESPALIER_FETCH_TIMEOUT, and it goes on where it stopped`;
      throw new FetchFault("TIMED_OUT", message, { cause: thrown });
    }
    throw thrown instanceof FetchFault ? thrown : folderFault(folder, thrown);
  } finally {
    source.close();
  }
};

/** The libraries of stores that are not asked are not loaded. */
const sourceOf = async (place: Place, options: FetchOptions): Promise<Source> => {
  const { env, warn, patience } = options;
  const agents = (isTrusting = false): Agents =>
    makeAgents({ env, isTrusting, idleMs: patience.idleMs });
  switch (place.kind) {
    case "disk":
      return (await import("./disk.ts")).makeDisk({ path: place.path, warn });
    case "web":
      return (await import("./web.ts")).makeWeb(place.url, agents());
    case "s3":
      return (await import("./s3.ts")).makeS3(place, agents(place.settings.isTrusting));
    case "gcs":
      return (await import("./gcs.ts")).makeGcs(place, agents(place.settings.isTrusting));
  }
};

/** Tells one model from another, without secrets. */
const originOf = (place: Place): string => {
  if (place.kind === "disk") return `file ${place.path}`;
  if (place.kind === "web") return `web ${withoutSecrets(place.url)}`;
  return `${place.kind} ${place.settings.endpoint ?? ""} ${place.bucket} ${place.key}`;
};

const fetchFrom = async (
  source: Source,
  origin: string,
  options: FetchOptions,
  late: AbortSignal,
): Promise<Fetched> => {
  const { folder, limits, patience, env } = options;
  const files = await retrying(() => source.list(limits.maxFiles, late), {
    patience,
    signal: late,
  });
  if (files.length === 0) {
    const message = `${source.where} holds nothing; check the name of the key or folder`;
    throw new FetchFault("NOT_FOUND", message);
  }
  checkNames(files, source.where);
  const budget = makeBudget(limits.maxBytes, source.where);
  for (const { name, size } of files) if (size !== undefined) budget.hold(name, size);
  const stage = await openStage(folder, origin);
  try {
    await checkSpace(files, stage, folder);
    const isChecking = env["RCLONE_IGNORE_CHECKSUM"]?.toLowerCase() !== "true";
    await transferAll(files, limits.parallel, {
      ...{ source, stage, budget, patience, isChecking, signal: late },
    });
    const paths = await stage.release(files.map(({ name }) => name));
    return { paths, bytes: budget.total() };
  } catch (thrown) {
    await stage.leave();
    throw thrown;
  }
};

/** The first that fails ends the others; what they have is continued the next time. */
const transferAll = async (
  files: readonly StoredFile[],
  parallel: number,
  transfers: Transfers,
): Promise<void> => {
  let fault: unknown;
  const failed = new AbortController();
  const signal = AbortSignal.any([transfers.signal, failed.signal]);
  const queue = files.values();
  const work = async (): Promise<void> => {
    for (const file of queue) {
      if (signal.aborted) return;
      try {
        await transfer(file, { ...transfers, signal });
      } catch (thrown) {
        fault ??= thrown;
        failed.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, files.length) }, work));
  if (fault !== undefined) throw fault;
  transfers.signal.throwIfAborted();
};

/** Says before the first byte what could not end well. */
const checkSpace = async (
  files: readonly StoredFile[],
  stage: Stage,
  folder: string,
): Promise<void> => {
  let missing = 0;
  for (const { name, size = 0 } of files) missing += size - ((await stage.find(name))?.bytes ?? 0);
  const { bavail, bsize, blocks } = await statfs(folder);
  const free = bavail * bsize;
  if (missing <= free || blocks === 0) return; // 0 is what a file system says that does not know
  throw fullFault(folder, `${missing} bytes are to come, ${free} are free`);
};

const fullFault = (folder: string, more: string, cause?: unknown): FetchFault =>
  new FetchFault(
    "DISK_FULL",
    `the disk of ${folder} is full: ${more}; give it more room: the volume's sizeLimit, the pod's ephemeral-storage, the node's disk`,
    cause === undefined ? {} : { cause },
  );

/** What the system says when files are written. */
const folderFault = (folder: string, thrown: unknown): unknown => {
  const code = systemCodeOf(thrown);
  if (code === "ENOSPC" || code === "EDQUOT") return fullFault(folder, "not all files fit", thrown);
  if (!/^E[A-Z0-9]+$/.test(code)) return thrown;
  const message = `${folder} cannot be written (${code}); give user 8888, or the pod's runAsUser or fsGroup, the right to, and let nothing else be there`;
  return new FetchFault("DISK", message, { cause: thrown });
};
