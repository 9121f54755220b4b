/** A file behind an http: or https: URL. */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { type Digest, fromBase64 } from "./digest.ts";
import { FetchFault } from "./fault.ts";
import { type Agents, type Answer, ask, closeAgents, withoutSecrets } from "./http.ts";
import { isSafe } from "./names.ts";
import { isPassingStatus, retryAfterMs } from "./network.ts";
import type { Opened, Part, Source } from "./source.ts";

type Headers = IncomingMessage["headers"];

export const makeWeb = (url: URL, agents: Agents): Source => {
  const where = withoutSecrets(url);
  const name = nameIn(url);
  const { bare, headers } = withCredentials(url);
  const get = (part: Part | undefined, signal: AbortSignal): Promise<Answer> => {
    const range = part === undefined ? {} : { range: `bytes=${part.bytes}-`, "if-range": part.tag };
    return ask({ url: bare, headers: { ...headers, ...range }, signal }, agents);
  };
  return {
    where,
    list: async () => [{ key: name, name, size: undefined, tag: undefined }],
    open: async (_file, part, signal) => {
      const answer = await get(part, signal);
      const opened = openedBy(answer, part);
      if (opened !== undefined) return opened;
      answer.body.destroy();
      if (part !== undefined && answer.status < 500) {
        const anew = await get(undefined, signal); // a server that does not take ranges well
        const whole = openedBy(anew, undefined);
        if (whole !== undefined) return whole;
        anew.body.destroy();
        throw statusFault(where, anew);
      }
      throw statusFault(where, answer);
    },
    close: () => closeAgents(agents),
  };
};

/** Undefined for an answer that is of no use. */
const openedBy = (answer: Answer, part: Part | undefined): Opened | undefined => {
  const { status, headers, body } = answer;
  if (status === 200) {
    const { "content-length": length } = headers;
    const size = length === undefined ? undefined : Number(length);
    return { body, from: 0, size, tag: tagIn(headers), digests: digestsIn(headers, true) };
  }
  if (part === undefined) return undefined;
  const [, from, size] =
    /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(headers["content-range"] ?? "") ?? [];
  const facts = { body, from: part.bytes, size: Number(size), tag: part.tag };
  if (status === 206 && Number(from) === part.bytes) {
    return { ...facts, digests: digestsIn(headers, false) };
  }
  if (status !== 416 || facts.size !== part.bytes) return undefined;
  body.destroy(); // nothing is missing
  return { ...facts, body: Readable.from([]), digests: [] };
};

/** What a range may be asked for with. Source: RFC 9110, 13.1.5: a strong validator. */
const tagIn = ({ etag, "last-modified": modified, date }: Headers): string | undefined => {
  if (etag !== undefined) return etag.startsWith("W/") ? undefined : etag;
  const agedMs = Date.parse(date ?? "") - Date.parse(modified ?? "");
  return agedMs >= 1000 ? modified : undefined; // less may hide a second change
};

/** Checksums of the whole file; those of what one answer holds count only if that is the whole. */
const digestsIn = (headers: Headers, isWhole: boolean): readonly Digest[] => [
  ...dictionary(headers["repr-digest"]),
  ...dictionary(headers["digest"]),
  ...dictionary(headers["x-goog-hash"]),
  ...(isWhole ? dictionary(headers["content-digest"]) : []),
  ...(isWhole ? fromBase64("md5", one(headers["content-md5"])) : []),
  ...(isWhole ? amazonDigests(headers) : []),
];

/** Source: Amazon S3, "Checking object integrity": one with a dash is a checksum of checksums. */
const amazonDigests = (headers: Headers): readonly Digest[] =>
  (["sha256", "sha1", "crc64nvme", "crc32c", "crc32"] as const).flatMap((kind) => {
    const text = one(headers[`x-amz-checksum-${kind}`]);
    const isComposite = headers["x-amz-checksum-type"] === "COMPOSITE" || text?.includes("-");
    return isComposite ? [] : fromBase64(kind, text);
  });

const kinds = {
  "sha-512": "sha512",
  "sha-256": "sha256",
  sha: "sha1",
  md5: "md5",
  crc32c: "crc32c",
} as const;

/** `sha-256=:base64:` or `sha-256=base64`. Source: RFC 9530, 3; RFC 3230, 4.3.2; Google Cloud Storage, x-goog-hash. */
const dictionary = (header: string | readonly string[] | undefined): readonly Digest[] =>
  String(header ?? "")
    .split(",")
    .flatMap((member) => {
      const [, key = "", text] = /^\s*([\w-]+)=:?([A-Za-z0-9+/=]+):?\s*$/.exec(member) ?? [];
      const name = key.toLowerCase();
      return Object.hasOwn(kinds, name) ? fromBase64(kinds[name as keyof typeof kinds], text) : []; // it has that key
    });

const one = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === "string" ? header : header?.[0];

const remedies: Readonly<
  Record<number, readonly ["NOT_FOUND" | "DENIED" | "BAD_CREDENTIALS", string]>
> = {
  401: ["BAD_CREDENTIALS", "write https://NAME:PASSWORD@..., or mend them"],
  403: ["DENIED", "check that the address may be read, and has not expired"],
  404: ["NOT_FOUND", "check the address"],
  407: ["BAD_CREDENTIALS", "the proxy wants a name and a password: set them in HTTPS_PROXY"],
  410: ["NOT_FOUND", "it is gone for good"],
};

const statusFault = (where: string, { status, headers }: Answer): FetchFault => {
  const [code, remedy] = remedies[status] ?? [undefined, "check the address"];
  const message = `${where} answers ${status}: ${remedy}`;
  if (code !== undefined) return new FetchFault(code, message);
  if (!isPassingStatus(status)) return new FetchFault("BAD_ANSWER", message);
  const afterMs = retryAfterMs(headers["retry-after"]);
  return new FetchFault("UNREACHABLE", `${where} answers ${status}: try again later`, {
    ...{ isPassing: true },
    ...(afterMs === undefined ? {} : { afterMs }),
  });
};

/** The last part of the path, which must be a name. */
const nameIn = (url: URL): string => {
  const last = decoded(url.pathname.split("/").at(-1) ?? "");
  if (isSafe(last) && !/[/\\]/.test(last)) return last;
  const message = `${withoutSecrets(url)} names no file: end it with the name of one`;
  throw new FetchFault("BAD_URI", message);
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not encoded, as it seems
  }
};

/** A name and password in a URL go into a header. Source: RFC 7617. */
const withCredentials = (
  url: URL,
): { readonly bare: URL; readonly headers: Record<string, string> } => {
  const { username, password } = url;
  if (username === "" && password === "") return { bare: url, headers: {} };
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const pair = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
  return { bare, headers: { authorization: `Basic ${pair}` } };
};
