/** Objects of a store that speaks S3, by Amazon's own client. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { type Digest, fromBase64, fromEntityTag } from "./digest.ts";
import { FetchFault } from "./fault.ts";
import { type Agents, closeAgents } from "./http.ts";
import { listKeyed, type Page } from "./keyed.ts";
import type { Keyed } from "./place.ts";
import { isNotThere, type S3Where, s3Fault } from "./s3-faults.ts";
import type { CustomerKey, S3Settings } from "./s3-settings.ts";
import type { Opened, Part, Source, StoredFile } from "./source.ts";

type Store = S3Where & {
  readonly client: S3Client;
  readonly settings: S3Settings;
};

export const makeS3 = (
  { bucket, key, settings }: Keyed & { readonly settings: S3Settings },
  agents: Agents,
): Source => {
  const client = new S3Client(configOf(settings, agents));
  const where = `s3://${bucket}/${key}`;
  const store: Store = { client, bucket, where, settings };
  return {
    where,
    list: (maxFiles, signal) =>
      listKeyed(key, maxFiles, {
        where,
        look: async (one) => {
          const { ContentLength: size, ETag: tag } = await headOf(one, store, signal);
          return { key: one, size, tag };
        },
        page: (prefix, after) => pageOf(prefix, after, store, signal),
      }),
    open: (file, part, signal) => open(file, part, store, signal),
    close: () => {
      client.destroy();
      closeAgents(agents);
    },
  };
};

const configOf = (settings: S3Settings, agents: Agents): S3ClientConfig => {
  const { region, endpoint, isPathStyle } = settings;
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: isPathStyle,
    ...identityOf(settings),
    maxAttempts: 1, // asking again is the same for all stores
    followRegionRedirects: true,
    responseChecksumValidation: "WHEN_REQUIRED", // parts are checked together, where they meet
    requestHandler: {
      ...{ httpAgent: agents.http, httpsAgent: agents.https, connectionTimeout: 10_000 },
      ...{ requestTimeout: agents.idleMs, throwOnRequestTimeout: true },
      socketTimeout: agents.idleMs,
    },
  };
};

const identityOf = ({ credentials }: S3Settings): S3ClientConfig => {
  switch (credentials.kind) {
    case "none": {
      const nobody = { accessKeyId: "nobody", secretAccessKey: "nobody" };
      return { credentials: nobody, signer: { sign: async (request) => request } };
    }
    case "keys": {
      const { id, secret, token } = credentials;
      const session = token === undefined ? {} : { sessionToken: token };
      return { credentials: { accessKeyId: id, secretAccessKey: secret, ...session } };
    }
    case "lent":
      return credentials.profile === undefined ? {} : { profile: credentials.profile };
  }
};

const pageOf = async (
  prefix: string,
  after: string | undefined,
  store: Store,
  signal: AbortSignal,
): Promise<Page> => {
  const { client, bucket, settings } = store;
  const command = new ListObjectsV2Command({
    ...{ Bucket: bucket, Prefix: prefix },
    ...(after === undefined ? {} : { ContinuationToken: after }),
    ...payer(settings),
  });
  try {
    const { Contents = [], NextContinuationToken } = await client.send(command, {
      abortSignal: signal,
    });
    const objects = Contents.map(({ Key = "", Size, ETag }) => ({
      key: Key,
      size: Size,
      tag: ETag,
    }));
    return { objects, after: NextContinuationToken || undefined };
  } catch (thrown) {
    throw s3Fault(thrown, store);
  }
};

const open = async (
  { key }: StoredFile,
  part: Part | undefined,
  store: Store,
  signal: AbortSignal,
): Promise<Opened> => {
  const head = await headOf(key, store, signal);
  const { ContentLength: size, ETag: tag } = head;
  const isSame = part !== undefined && part.tag === tag && size !== undefined && part.bytes <= size;
  const from = isSame ? part.bytes : 0;
  const facts = { size, tag, digests: digestsOf(head) };
  if (size !== undefined && from === size) return { ...facts, from, body: Readable.from([]) };
  const { client, bucket, settings } = store;
  const command = new GetObjectCommand({
    ...{ Bucket: bucket, Key: key },
    ...(tag === undefined ? {} : { IfMatch: tag }),
    ...(from > 0 ? { Range: `bytes=${from}-` } : {}),
    ...payer(settings),
    ...customer(settings),
  });
  try {
    const { Body, ContentRange } = await client.send(command, { abortSignal: signal });
    // Node's client has a stream of Node's
    const body = Body as unknown as Readable;
    if (from === 0 || ContentRange?.startsWith(`bytes ${from}-`)) return { ...facts, from, body };
    return { ...facts, from: 0, body }; // a store that knows no ranges sends all of it
  } catch (thrown) {
    throw s3Fault(thrown, store);
  }
};

/** The answer has no body, so that of a fault is asked for once more. */
const headOf = async (
  key: string,
  store: Store,
  signal: AbortSignal,
): Promise<HeadObjectCommandOutput> => {
  const { client, bucket, settings } = store;
  const asked = { Bucket: bucket, Key: key, ...payer(settings), ...customer(settings) };
  try {
    const command = new HeadObjectCommand({ ...asked, ChecksumMode: "ENABLED" });
    return await client.send(command, { abortSignal: signal });
  } catch (thrown) {
    if (isNotThere(thrown) || !isBare(thrown)) throw s3Fault(thrown, store);
  }
  try {
    const command = new GetObjectCommand({ ...asked, Range: "bytes=0-0" });
    const { Body } = await client.send(command, { abortSignal: signal });
    (Body as unknown as Readable).destroy(); // Node's client has a stream of Node's
  } catch (thrown) {
    throw s3Fault(thrown, store);
  }
  const message = `${store.where}: may be read, and not asked for: allow HEAD requests`;
  throw new FetchFault("BAD_ANSWER", message, { isPassing: true });
};

/** Whether it is an answer, with a status that says little. */
const isBare = (thrown: unknown): boolean => {
  const { $metadata } = thrown as { $metadata?: { httpStatusCode?: number } }; // what the client adds to its errors
  const status = $metadata?.httpStatusCode;
  return status !== undefined && status >= 300 && status < 500;
};

const payer = ({ isRequesterPaying }: S3Settings): { RequestPayer?: "requester" } =>
  isRequesterPaying ? { RequestPayer: "requester" } : {};

const customer = ({ customerKey }: S3Settings) =>
  customerKey === undefined
    ? {}
    : {
        SSECustomerAlgorithm: customerKey.algorithm,
        SSECustomerKey: customerKey.base64,
        SSECustomerKeyMD5: md5Of(customerKey),
      };

const md5Of = ({ base64 }: CustomerKey): string =>
  createHash("md5").update(Buffer.from(base64, "base64")).digest("base64");

/**
 * Those of the whole object: one of an object that was put in parts may be a checksum of checksums,
 * and the entity tag of one that is encrypted by a key of its own is no MD5.
 *
 * Source: Amazon S3, "Checking object integrity"; API Reference, "Object", ETag.
 */
const digestsOf = (head: HeadObjectCommandOutput): readonly Digest[] => {
  const isPlain =
    head.SSECustomerAlgorithm === undefined && !head.ServerSideEncryption?.startsWith("aws:kms");
  const told = isPlain ? fromEntityTag(head.ETag) : [];
  if (head.ChecksumType === "COMPOSITE") return told;
  return [
    ...told,
    ...fromBase64("sha256", head.ChecksumSHA256),
    ...fromBase64("sha1", head.ChecksumSHA1),
    ...fromBase64("crc64nvme", head.ChecksumCRC64NVME),
    ...fromBase64("crc32c", head.ChecksumCRC32C),
    ...fromBase64("crc32", head.ChecksumCRC32),
  ];
};
