/** Objects of Google Cloud Storage. Source: Cloud Storage JSON API, Objects: list, get. */
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type Digest, fromBase64 } from "./digest.ts";
import { FetchFault } from "./fault.ts";
import { type GcsWhere, gcsFault } from "./gcs-faults.ts";
import type { GcsSettings } from "./gcs-settings.ts";
import { makeGcsToken } from "./gcs-token.ts";
import { type Agents, type Answer, ask, closeAgents, textOf } from "./http.ts";
import { type KeyedObject, listKeyed, type Page } from "./keyed.ts";
import type { Keyed } from "./place.ts";
import type { Opened, Part, Source, StoredFile } from "./source.ts";

type Store = GcsWhere & {
  readonly agents: Agents;
  readonly token: () => Promise<string | undefined>;
};

/** What is asked for of an object. */
type Resource = {
  readonly name?: string;
  readonly size?: string;
  readonly generation?: string;
  readonly md5Hash?: string;
  readonly crc32c?: string;
};

const fields = "name,size,generation,md5Hash,crc32c";
const mostPageBytes = 16 << 20;

export const makeGcs = (
  { bucket, key, settings }: Keyed & { readonly settings: GcsSettings },
  agents: Agents,
): Source => {
  const where = `gs://${bucket}/${key}`;
  const token = makeGcsToken(settings.credentials, { where, remedy: settings.remedy });
  const store: Store = { bucket, where, settings, agents, token };
  return {
    where,
    list: (maxFiles, signal) =>
      listKeyed(key, maxFiles, {
        where,
        look: async (one) => objectOf(await resourceOf(one, store, signal)),
        page: (prefix, after) => pageOf(prefix, after, store, signal),
      }),
    open: (file, part, signal) => open(file, part, store, signal),
    close: () => closeAgents(agents),
  };
};

const pageOf = async (
  prefix: string,
  after: string | undefined,
  store: Store,
  signal: AbortSignal,
): Promise<Page> => {
  const more = after === undefined ? {} : { pageToken: after };
  const query = { prefix, fields: `items(${fields}),nextPageToken`, ...more };
  const answer = await request("", query, { store, signal });
  const page: { items?: readonly Resource[]; nextPageToken?: string } = await jsonOf(answer, store);
  return { objects: (page.items ?? []).map(objectOf), after: page.nextPageToken };
};

const objectOf = ({ name = "", size, generation }: Resource): KeyedObject => ({
  key: name,
  size: size === undefined ? undefined : Number(size),
  tag: generation,
});

const open = async (
  { key }: StoredFile,
  part: Part | undefined,
  store: Store,
  signal: AbortSignal,
): Promise<Opened> => {
  const resource = await resourceOf(key, store, signal);
  const { size, tag } = objectOf(resource);
  const isSame = part !== undefined && part.tag === tag && size !== undefined && part.bytes <= size;
  const from = isSame ? part.bytes : 0;
  const facts = { size, tag, digests: digestsOf(resource) };
  if (size !== undefined && from === size) return { ...facts, from, body: Readable.from([]) };
  const query = { alt: "media", ...(tag === undefined ? {} : { ifGenerationMatch: tag }) };
  const headers = from > 0 ? { range: `bytes=${from}-` } : {};
  const path = `/${encodeURIComponent(key)}`;
  const { status, body } = await request(path, query, { store, signal, headers });
  return { ...facts, from: status === 206 ? from : 0, body };
};

const resourceOf = async (key: string, store: Store, signal: AbortSignal): Promise<Resource> =>
  jsonOf(await request(`/${encodeURIComponent(key)}`, { fields }, { store, signal }), store);

const digestsOf = ({ md5Hash, crc32c }: Resource): readonly Digest[] => [
  ...fromBase64("md5", md5Hash),
  ...fromBase64("crc32c", crc32c),
];

type Request = {
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Bytes that are stored as gzip come as they are: "Transcoding of gzip-compressed files". */
const request = async (
  path: string,
  query: Readonly<Record<string, string>>,
  { store, signal, headers = {} }: Request,
): Promise<Answer> => {
  const { agents, bucket, settings } = store;
  const url = new URL(`${settings.endpoint}/storage/v1/b/${encodeURIComponent(bucket)}/o${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  if (settings.userProject !== undefined) url.searchParams.set("userProject", settings.userProject);
  const token = await store.token();
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const all = { "accept-encoding": "gzip", ...headers, ...authorization };
  const answer = await ask({ url, signal, headers: all }, agents);
  if (answer.status === 200 || answer.status === 206) return answer;
  throw await gcsFault(answer, store, path === "");
};

/** Asked for as it is stored, an answer of the API itself is gzip too. */
const jsonOf = async <T>({ body, headers }: Answer, { where }: Store): Promise<T> => {
  const plain = headers["content-encoding"] === "gzip" ? body.pipe(createGunzip()) : body;
  try {
    return JSON.parse(await textOf(plain, mostPageBytes));
  } catch (cause) {
    const message = `${where}: the store's answer is no JSON; check the endpoint`;
    throw new FetchFault("BAD_ANSWER", message, { cause, isPassing: true });
  }
};
