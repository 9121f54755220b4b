/** One file of a model: from its store to the stage, continued, checked, and asked for again. */
import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { addAbortSignal, type Readable } from "node:stream";
import type { Budget } from "./budget.ts";
import { type Check, type Digest, makeCheck } from "./digest.ts";
import { FetchFault } from "./fault.ts";
import { networkFault } from "./network.ts";
import { type Patience, retrying } from "./retry.ts";
import type { Opened, Source, StoredFile } from "./source.ts";
import type { Stage } from "./stage.ts";

export type Transfers = {
  readonly source: Source;
  readonly stage: Stage;
  readonly budget: Budget;
  readonly patience: Patience;
  readonly isChecking: boolean;
  readonly signal: AbortSignal;
};

/** Resolves when the file is on the stage, all of it. @throws {FetchFault} */
export const transfer = async (file: StoredFile, transfers: Transfers): Promise<void> => {
  const { patience, signal, budget } = transfers;
  let corruptions = 0;
  const attempt = async (): Promise<void> => {
    const silence = makeSilence(patience.idleMs);
    const either = AbortSignal.any([signal, silence.signal]);
    try {
      await attemptOnce(file, { ...transfers, signal: either }, silence.end);
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      if (silence.signal.aborted) throw silentFault(transfers.source.where, patience);
      // bytes that are wrong again and again are wrong in the store
      const isCorrupt = thrown instanceof FetchFault && thrown.code === "CORRUPT";
      if (isCorrupt && ++corruptions >= mostCorruptions) {
        throw new FetchFault("CORRUPT", thrown.message, { cause: thrown });
      }
      throw thrown;
    } finally {
      silence.stop();
    }
  };
  await retrying(attempt, { patience, signal, progress: () => budget.reached(file.name) });
};

const mostCorruptions = 3;

const silentFault = (where: string, { idleMs }: Patience): FetchFault =>
  new FetchFault("UNREACHABLE", `${where} sends nothing for ${idleMs / 1000} s`, {
    isPassing: true,
  });

/** Ends what waits when nothing has come for a while. */
const makeSilence = (idleMs: number) => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), idleMs);
  return {
    signal: controller.signal,
    end: (): void => {
      timer.refresh();
    },
    stop: (): void => clearTimeout(timer),
  };
};

const attemptOnce = async (
  file: StoredFile,
  transfers: Transfers,
  onBytes: () => void,
): Promise<void> => {
  const { source, stage, budget, signal, isChecking } = transfers;
  const { name } = file;
  const there = await stage.find(name);
  if (there?.isWhole && there.tag !== undefined && there.tag === file.tag) return;
  const part =
    there?.tag === undefined || there.bytes === 0
      ? undefined
      : { bytes: there.bytes, tag: there.tag };
  const opened = await source.open(file, part, signal);
  try {
    if (opened.size !== undefined) budget.hold(name, opened.size);
    if (opened.from === 0) await stage.forget(name);
    const kept = opened.from > 0 ? (there?.digests ?? []) : [];
    const digests = isChecking ? [...opened.digests, ...kept] : [];
    const record = { tag: opened.tag, size: opened.size, digests, isWhole: false };
    await stage.note(name, record);
    const check = await checkOf(stage.path(name), digests, opened.from, onBytes);
    const handle = await stage.append(name);
    try {
      const bytes = await pump(opened, handle, { check, onBytes, name, ...transfers });
      await settle(bytes, opened, { check, name, ...transfers });
      await handle.sync();
    } finally {
      await handle.close();
    }
    await stage.note(name, { ...record, isWhole: true });
  } finally {
    opened.body.destroy();
  }
};

/** The check of a file of which a part is there. */
const checkOf = async (
  path: string,
  digests: readonly Digest[],
  from: number,
  onBytes: () => void,
): Promise<Check> => {
  const check = makeCheck(digests);
  if (from === 0 || digests.length === 0) return check;
  for await (const chunk of createReadStream(path, { end: from - 1, highWaterMark: 1 << 20 })) {
    check.update(chunk);
    onBytes();
  }
  return check;
};

type Pumping = Transfers & {
  readonly name: string;
  readonly check: Check;
  readonly onBytes: () => void;
};

/** Answers how many bytes the file has then. */
const pump = async (
  { body, from }: Opened,
  handle: FileHandle,
  { check, onBytes, name, budget, signal, source }: Pumping,
): Promise<number> => {
  let bytes = from;
  const chunks = chunksOf(addAbortSignal(signal, body), source.where);
  for await (const chunk of chunks) {
    bytes += chunk.length;
    budget.receive(name, bytes, chunk.length);
    check.update(chunk);
    await writeAll(handle, chunk);
    onBytes();
  }
  return bytes;
};

/** Errors of the body are those of the network; what else happens in a loop over it is not. */
async function* chunksOf(body: Readable, where: string): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (thrown) {
    throw networkFault(where, thrown);
  }
}

const writeAll = async (handle: FileHandle, chunk: Buffer): Promise<void> => {
  let written = 0;
  while (written < chunk.length) {
    written += (await handle.write(chunk, written)).bytesWritten;
  }
};

/** Whether what came is what the store has. */
const settle = async (
  bytes: number,
  { size }: Opened,
  { check, name, source, stage }: Omit<Pumping, "onBytes">,
): Promise<void> => {
  if (size !== undefined && bytes < size) {
    const message = `${source.where}: "${name}" ends after ${bytes} of ${size} bytes`;
    throw new FetchFault("UNREACHABLE", message, { isPassing: true });
  }
  const difference =
    size !== undefined && bytes > size
      ? `${bytes} bytes instead of ${size}`
      : await check.difference();
  if (difference === undefined) return;
  await stage.forget(name);
  const message = `${source.where}: "${name}" arrives with ${difference}; store it anew if it always does`;
  throw new FetchFault("CORRUPT", message, { isPassing: true });
};
