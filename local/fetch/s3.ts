/**
 * The two calls of S3 that fetching takes, over plain HTTPS.
 *
 * Source: Amazon S3 API Reference, GetObject and ListObjectsV2; the AWS SDKs' reference guide for
 * the environment.
 */
import { FetchFault } from "./fault.ts";
import { type Credentials, signedHeaders, uriEncoded } from "./signature.ts";

export type S3 = {
  readonly get: (key: string) => Request;
  /** `after` is what the page before gave as `next`. */
  readonly list: (prefix: string, after: string | undefined) => Request;
  readonly readList: (xml: string) => {
    readonly keys: readonly string[];
    readonly next: string | undefined;
  };
};

type Env = Readonly<Record<string, string | undefined>>;

/** Without credentials in the environment requests are not signed, as public buckets allow. */
export const makeS3 = (bucket: string, env: Env, now: () => Date): S3 => {
  if (bucket === "") throw new FetchFault("names no bucket: write s3://BUCKET/KEY");
  const region = env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || "us-east-1";
  const base = baseOf(bucket, region, env);
  const credentials = credentialsOf(env);
  const ask = (path: string, query: readonly (readonly [string, string])[]): Request => {
    const search = query.map(([key, value]) => `${uriEncoded(key)}=${uriEncoded(value)}`).join("&");
    const url = new URL(`${base}${path}${search === "" ? "" : `?${search}`}`);
    if (credentials === undefined) return new Request(url);
    const headers = signedHeaders({ url, region, service: "s3", credentials, at: now() });
    return new Request(url, { headers });
  };
  return {
    get: (key) => ask(`/${key.split("/").map(uriEncoded).join("/")}`, []),
    list: (prefix, after) =>
      ask("/", [
        ...(after === undefined ? [] : [["continuation-token", after] as const]),
        ["encoding-type", "url"],
        ["list-type", "2"],
        ["prefix", prefix],
      ]),
    readList: (xml) => ({
      keys: textsOf(xml, "Key").map((key) => decodeURIComponent(key.replaceAll("+", " "))),
      next: textsOf(xml, "NextContinuationToken")[0],
    }),
  };
};

/** A store of one's own has the bucket in its path, Amazon's in its host. */
const baseOf = (bucket: string, region: string, env: Env): string => {
  const endpoint = env["AWS_ENDPOINT_URL_S3"] || env["AWS_ENDPOINT_URL"];
  if (endpoint === undefined || endpoint === "") {
    return `https://${bucket}.s3.${region}.amazonaws.com`;
  }
  if (URL.parse(endpoint) === null)
    throw new FetchFault(`AWS_ENDPOINT_URL "${endpoint}" is no URL`);
  return `${endpoint.replace(/\/+$/, "")}/${uriEncoded(bucket)}`;
};

const credentialsOf = (env: Env): Credentials | undefined => {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env;
  return id && secret ? { id, secret, token: token || undefined } : undefined;
};

const entities: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
};

const textsOf = (xml: string, element: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"))].map(([, text = ""]) =>
    text.replace(/&(?:amp|lt|gt|quot|apos);/g, (entity) => entities[entity] ?? entity),
  );
