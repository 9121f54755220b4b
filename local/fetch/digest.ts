/** Checksums that stores tell, and that are held against the bytes that came. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc32c, Crc64Nvme } from "@aws-sdk/checksums/crc";

export type Digest = { readonly kind: DigestKind; readonly hex: string };

type Hasher = {
  readonly update: (bytes: Uint8Array) => void;
  readonly hex: () => Promise<string>;
};

const native = (algorithm: string) => (): Hasher => {
  const hash = createHash(algorithm);
  return { update: (bytes) => hash.update(bytes), hex: async () => hash.digest("hex") };
};

const makeCrc32 = (): Hasher => {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    hex: async () => value.toString(16).padStart(8, "0"),
  };
};

const foreign = (Kind: typeof Crc32c | typeof Crc64Nvme) => (): Hasher => {
  const checksum = new Kind();
  return {
    update: (bytes) => checksum.update(bytes),
    hex: async () => Buffer.from(await checksum.digest()).toString("hex"),
  };
};

/** The one that says most comes first. */
const hashers = {
  sha512: native("sha512"),
  sha256: native("sha256"),
  sha1: native("sha1"),
  md5: native("md5"),
  crc64nvme: foreign(Crc64Nvme),
  crc32c: foreign(Crc32c),
  crc32: makeCrc32,
} as const satisfies Readonly<Record<string, () => Hasher>>;

export type DigestKind = keyof typeof hashers;

const lengths: Readonly<Record<DigestKind, number>> = {
  ...{ sha512: 64, sha256: 32, sha1: 20, md5: 16 },
  ...{ crc64nvme: 8, crc32c: 4, crc32: 4 },
};

export type Check = {
  readonly update: (bytes: Uint8Array) => void;
  /** Undefined when the bytes are the right ones, else both checksums, for people. */
  readonly difference: () => Promise<string | undefined>;
};

/** Holds bytes against the best of the checksums that are known; without any, all bytes are right. */
export const makeCheck = (digests: readonly Digest[]): Check => {
  const kinds = Object.keys(hashers) as DigestKind[]; // the keys of a table that is made above
  const kind = kinds.find((each) => digests.some((digest) => digest.kind === each));
  const wanted = digests.find((digest) => digest.kind === kind);
  if (wanted === undefined) return { update: () => {}, difference: async () => undefined };
  const hasher = hashers[wanted.kind]();
  return {
    update: hasher.update,
    difference: async () => {
      const hex = await hasher.hex();
      return hex === wanted.hex ? undefined : `${wanted.kind} ${hex} instead of ${wanted.hex}`;
    },
  };
};

/** A checksum in base64; none if it is not one of that kind. */
export const fromBase64 = (kind: DigestKind, text: string | undefined): readonly Digest[] => {
  if (text === undefined) return [];
  const bytes = Buffer.from(text, "base64");
  return bytes.length === lengths[kind] ? [{ kind, hex: bytes.toString("hex") }] : [];
};

/** The MD5 that an entity tag of S3 is, for an object that was put in one piece. */
export const fromEntityTag = (tag: string | undefined): readonly Digest[] => {
  const [, hex] = /^"?([0-9a-f]{32})"?$/i.exec(tag ?? "") ?? [];
  return hex === undefined ? [] : [{ kind: "md5", hex: hex.toLowerCase() }];
};
