/**
 * `espalier fetch`: the files of a stored model, from where a URI says into a folder. What a storage
 * initializer does in a cluster.
 *
 * Files are written under names of their own and renamed when they are whole; sizes and time are
 * bounded.
 */
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { FetchFault } from "./fault.ts";
import { makeS3, type S3 } from "./s3.ts";

export type FetchLimits = {
  /** Of all files together. */
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly timeoutMs: number;
};

export type FetchOptions = {
  readonly uri: string;
  readonly folder: string;
  readonly limits: FetchLimits;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
};

type Job = {
  readonly options: FetchOptions;
  readonly signal: AbortSignal;
  bytesLeft: number;
};

/** Resolves with the files that were written. @throws {FetchFault} with what is wrong, for people. */
export const fetchModel = async (options: FetchOptions): Promise<readonly string[]> => {
  const { uri, limits } = options;
  const signal = AbortSignal.timeout(limits.timeoutMs);
  const job: Job = { options, signal, bytesLeft: limits.maxBytes };
  const url = URL.parse(uri);
  if (url === null) throw new FetchFault(`${uri} is no URI`);
  try {
    switch (url.protocol) {
      case "http:":
      case "https:":
        return [await fetchFile(url, job)];
      case "s3:":
        return await fetchFromS3(url, job);
      default:
        throw new FetchFault(`${url.protocol} is not fetched: use http:, https: or s3:`);
    }
  } catch (thrown) {
    if (thrown instanceof FetchFault) throw thrown;
    const ranOut = signal.aborted
      ? `took longer than ${limits.timeoutMs / 1000} s`
      : reasonOf(thrown);
    throw new FetchFault(`${withoutSecrets(url)}: ${ranOut}`);
  }
};

const fetchFile = async (url: URL, job: Job): Promise<string> => {
  const name = nameIn(url);
  return save(await request(plainRequest(url), job.signal), name, job);
};

/** A name and password in a URL go into a header. Source: RFC 7617. */
const plainRequest = (url: URL): Request => {
  const { username, password } = url;
  if (username === "" && password === "") return new Request(url);
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const pair = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return new Request(bare, { headers: { authorization: `Basic ${pair.toString("base64")}` } });
};

const reasonOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown; // fetch hides what happened behind "fetch failed"
  return cause instanceof Error && cause.message !== "" ? cause.message : thrown.message;
};

/** A URL may hold a password, or a signature in its query. */
const withoutSecrets = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`;

const request = async (asked: Request, signal: AbortSignal): Promise<Response> => {
  const response = await fetch(asked, { signal });
  if (response.ok) return response;
  await response.body?.cancel();
  const where = withoutSecrets(new URL(asked.url));
  throw new FetchFault(
    `${where} answers ${response.status} ${response.statusText}`.trim(),
    response.status,
  );
};

/** The last part of the path, which must be a name. */
const nameIn = (url: URL): string => {
  const last = decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
  if (last !== "" && last !== "." && last !== ".." && !/[/\\\0]/.test(last)) return last;
  throw new FetchFault(`${withoutSecrets(url)} names no file: end it with the name of one`);
};

const save = async (response: Response, name: string, job: Job): Promise<string> => {
  const { folder, limits } = job.options;
  const path = join(folder, name);
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  const counted = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      job.bytesLeft -= chunk.length;
      if (job.bytesLeft >= 0) return done(null, chunk);
      return done(
        new FetchFault(`${name} is too large: at most ${limits.maxBytes} bytes are fetched`),
      );
    },
  });
  try {
    if (response.body === null) throw new FetchFault(`${name} is empty`);
    // the two declarations of one stream, of the web and of Node, differ
    const body = Readable.fromWeb(response.body as ReadableStream);
    await pipeline(body, counted, createWriteStream(part), { signal: job.signal });
    await rename(part, path);
    return path;
  } catch (thrown) {
    await rm(part, { force: true });
    throw thrown;
  }
};

/** The object of that key; if there is none, all whose keys begin with it as with a folder. */
const fetchFromS3 = async (url: URL, job: Job): Promise<readonly string[]> => {
  const { options, signal } = job;
  const s3 = makeS3(url.hostname, options.env, options.now);
  const key = decodeURIComponent(url.pathname.slice(1));
  if (key !== "" && !key.endsWith("/")) {
    const single = await request(s3.get(key), signal).catch((thrown) => {
      if (thrown instanceof FetchFault && thrown.status === 404) return undefined;
      throw thrown;
    });
    if (single !== undefined) return [await save(single, nameIn(url), job)];
  }
  const prefix = key === "" || key.endsWith("/") ? key : `${key}/`;
  const keys = await listAll(s3, prefix, job);
  if (keys.length === 0) throw new FetchFault(`s3://${url.hostname}/${key} holds nothing`);
  const saved: string[] = [];
  for (const each of keys) {
    const name = each.slice(prefix.length);
    if (normalize(`/${name}`) !== `/${name}`) throw new FetchFault(`the key ${each} is no path`);
    saved.push(await save(await request(s3.get(each), signal), name, job));
  }
  return saved;
};

const listAll = async (
  s3: S3,
  prefix: string,
  { options, signal }: Job,
): Promise<readonly string[]> => {
  const { maxFiles } = options.limits;
  const keys: string[] = [];
  let after: string | undefined;
  do {
    const response = await request(s3.list(prefix, after), signal);
    const page = s3.readList(await response.text());
    keys.push(...page.keys.filter((key) => !key.endsWith("/"))); // consoles make objects of folders
    if (keys.length > maxFiles) {
      throw new FetchFault(
        `${prefix} holds more than ${maxFiles} files: name the model's own folder`,
      );
    }
    after = page.next;
  } while (after !== undefined);
  return keys;
};
