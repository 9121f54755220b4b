/** What each kind of store is to those who fetch from it. */
import type { Readable } from "node:stream";
import type { Digest } from "./digest.ts";

export type StoredFile = {
  /** What the store calls it. */
  readonly key: string;
  /** Where it belongs, seen from the folder that is fetched into. */
  readonly name: string;
  /** Undefined where only opening it tells. */
  readonly size: number | undefined;
  /** Another one when the bytes are others; undefined where only opening it tells. */
  readonly tag: string | undefined;
};

/** What has come of a file before. */
export type Part = { readonly bytes: number; readonly tag: string };

export type Opened = {
  readonly body: Readable;
  /** The place of the first byte: that which the part lacks, or 0. */
  readonly from: number;
  /** Of the whole file. */
  readonly size: number | undefined;
  /** Undefined: a part of it cannot be continued. */
  readonly tag: string | undefined;
  /** Of the whole file; empty when the store does not say, or does not say it again. */
  readonly digests: readonly Digest[];
};

export type Source = {
  /** For people; without secrets. */
  readonly where: string;
  /** All that belongs to the model. @throws {FetchFault} */
  readonly list: (maxFiles: number, signal: AbortSignal) => Promise<readonly StoredFile[]>;
  /** Continues a part if the file is still what it was, else begins anew. @throws {FetchFault} */
  readonly open: (file: StoredFile, part: Part | undefined, signal: AbortSignal) => Promise<Opened>;
  readonly close: () => void;
};

export type Env = Readonly<Record<string, string | undefined>>;
