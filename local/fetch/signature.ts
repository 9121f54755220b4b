/** Signs a request without a body. Source: AWS, Signature Version 4, "Authenticating Requests (Authorization Header)". */
import { createHash, createHmac } from "node:crypto";

export type Credentials = {
  readonly id: string;
  readonly secret: string;
  /** Of credentials that are lent for a time. */
  readonly token: string | undefined;
};

export type Signing = {
  readonly url: URL;
  readonly region: string;
  readonly service: string;
  readonly credentials: Credentials;
  readonly at: Date;
  /** Headers to sign beside those that are added. */
  readonly headers?: Readonly<Record<string, string>>;
};

const algorithm = "AWS4-HMAC-SHA256";

/** The headers to send along; the host is signed too, and sent by whoever sends the request. */
export const signedHeaders = (signing: Signing): Readonly<Record<string, string>> => {
  const { url, region, service, credentials, at, headers = {} } = signing;
  const time = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const sent = {
    ...headers,
    "x-amz-content-sha256": hash(""),
    "x-amz-date": time,
    ...(credentials.token === undefined ? {} : { "x-amz-security-token": credentials.token }),
  };
  const signed = Object.entries({ ...sent, host: url.host }).sort(byName);
  const names = signed.map(([name]) => name).join(";");
  const request = [
    "GET",
    url.pathname,
    [...url.searchParams]
      .map(encodedPair)
      .sort(byName)
      .map((pair) => pair.join("="))
      .join("&"),
    ...signed.map(([name, value]) => `${name}:${value.trim()}`),
    "",
    names,
    hash(""),
  ].join("\n");
  const toSign = [algorithm, time, scope, hash(request)].join("\n");
  const key = scope.split("/").reduce<Buffer | string>(mac, `AWS4${credentials.secret}`);
  const signature = mac(key, toSign).toString("hex");
  const authorization = `${algorithm} Credential=${credentials.id}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...sent, authorization };
};

const encodedPair = ([name, value]: readonly [string, string]): [string, string] => [
  uriEncoded(name),
  uriEncoded(value),
];

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  a < b ? -1 : 1;

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

const mac = (key: Buffer | string, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();

/** All but unreserved characters. */
export const uriEncoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
