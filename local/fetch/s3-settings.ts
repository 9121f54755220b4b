/**
 * How to reach a store that speaks S3: from rclone's variables, or those of AWS and of v1's secrets.
 *
 * Source: AWS SDKs and Tools Reference Guide, environment variables; operator contract, 7.5.
 */
import { FetchFault } from "./fault.ts";
import { booleanOf, type Remote, refuseOptions } from "./rclone.ts";
import type { Env } from "./source.ts";

export type S3Credentials =
  | { readonly kind: "none" }
  | {
      readonly kind: "keys";
      readonly id: string;
      readonly secret: string;
      readonly token: string | undefined;
    }
  /** What the surroundings lend: a role of the service account, of the node, a profile. */
  | { readonly kind: "lent"; readonly profile: string | undefined };

export type S3Settings = {
  readonly region: string;
  /** Undefined: Amazon's own. */
  readonly endpoint: string | undefined;
  /** Whether the bucket is in the path; otherwise it is in the host. */
  readonly isPathStyle: boolean;
  readonly credentials: S3Credentials;
  readonly isTrusting: boolean;
  readonly isRequesterPaying: boolean;
  readonly customerKey: CustomerKey | undefined;
  /** Which variables hold the credentials, for people. */
  readonly remedy: string;
};

/** Of objects that are encrypted with a key of their owner's. */
export type CustomerKey = { readonly algorithm: string; readonly base64: string };

const usualRegion = "us-east-1";

export const s3FromEnv = (env: Env): S3Settings => {
  const endpoint =
    env["AWS_ENDPOINT_URL_S3"] || env["AWS_ENDPOINT_URL"] || endpointOfV1(env) || undefined;
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env;
  const isLent = lenders.some((name) => env[name]);
  const keys = keysOf(id, secret, token, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
  return {
    region: env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || usualRegion,
    endpoint: checked(endpoint, "AWS_ENDPOINT_URL"),
    isPathStyle: endpoint !== undefined,
    credentials: keys ?? (isLent ? { kind: "lent", profile: undefined } : { kind: "none" }),
    isTrusting: isNo("S3_VERIFY_SSL", env) || saysYes("RCLONE_NO_CHECK_CERTIFICATE", env),
    isRequesterPaying: false,
    customerKey: undefined,
    remedy: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
  };
};

/** Any of them says that there are credentials to be had. Source: AWS SDKs and Tools Reference Guide. */
const lenders: readonly string[] = [
  "AWS_PROFILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_SHARED_CREDENTIALS_FILE",
];

/** A host and a port, beside which something says whether it speaks TLS. */
const endpointOfV1 = (env: Env): string | undefined => {
  const { S3_ENDPOINT: endpoint } = env;
  if (endpoint === undefined || endpoint === "" || /^https?:\/\//.test(endpoint)) return endpoint;
  const isPlain = isNo("S3_USE_HTTPS", env) || isNo("USE_SSL", env);
  return `${isPlain ? "http" : "https"}://${endpoint}`;
};

const isNo = (name: string, env: Env): boolean => {
  const text = env[name];
  return text !== undefined && text !== "" && !booleanOf(name, text);
};

const saysYes = (name: string, env: Env): boolean => {
  const text = env[name];
  return text !== undefined && text !== "" && booleanOf(name, text);
};

const keysOf = (
  id: string | undefined,
  secret: string | undefined,
  token: string | undefined,
  [idName, secretName]: readonly [string, string],
): S3Credentials | undefined => {
  if (id && secret) return { kind: "keys", id, secret, token: token || undefined };
  if (!id && !secret) return undefined;
  const [missing, there] = id ? [secretName, idName] : [idName, secretName];
  throw new FetchFault("BAD_SETTING", `${there} is set and ${missing} is not: set both, or none`);
};

/** Stores whose buckets are in the host, as rclone has it. */
const virtualHosted: readonly string[] = ["aws", "alibaba", "netease", "tencentcos"];

const refused = {
  V2_AUTH: "sign with version 4, which all stores know by now, and remove it",
  SHARED_CREDENTIALS_FILE: "name the file in AWS_SHARED_CREDENTIALS_FILE",
  USE_ACCELERATE_ENDPOINT: "remove it; the plain endpoint has the same objects",
  DIRECTORY_BUCKET: "use a general purpose bucket",
  VERSION_AT: "fetched are the newest versions",
} as const;

/** @throws {FetchFault} BAD_SETTING */
export const s3FromRemote = (remote: Remote, env: Env): S3Settings => {
  const { option, flag, variable } = remote;
  refuseOptions(remote, refused);
  const endpoint = option("ENDPOINT");
  const provider = option("PROVIDER")?.toLowerCase() ?? "aws";
  const names = [variable("ACCESS_KEY_ID"), variable("SECRET_ACCESS_KEY")] as const;
  const keys = keysOf(
    option("ACCESS_KEY_ID"),
    option("SECRET_ACCESS_KEY"),
    option("SESSION_TOKEN"),
    names,
  );
  const isLent = flag("ENV_AUTH", false);
  return {
    region: option("REGION") || (isLent && env["AWS_REGION"]) || usualRegion,
    endpoint: checked(
      endpoint === undefined || /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`,
      variable("ENDPOINT"),
    ),
    isPathStyle:
      endpoint !== undefined && flag("FORCE_PATH_STYLE", !virtualHosted.includes(provider)),
    credentials: keys ?? (isLent ? { kind: "lent", profile: option("PROFILE") } : { kind: "none" }),
    isTrusting: saysYes("RCLONE_NO_CHECK_CERTIFICATE", env),
    isRequesterPaying: flag("REQUESTER_PAYS", false),
    customerKey: customerKeyOf(remote),
    remedy: `${names.join(" and ")}, or ${variable("ENV_AUTH")}=true for a role`,
  };
};

const customerKeyOf = ({ option }: Remote): CustomerKey | undefined => {
  const plain = option("SSE_CUSTOMER_KEY");
  const base64 =
    option("SSE_CUSTOMER_KEY_BASE64") ??
    (plain === undefined ? undefined : Buffer.from(plain).toString("base64"));
  if (base64 === undefined) return undefined;
  return { algorithm: option("SSE_CUSTOMER_ALGORITHM") ?? "AES256", base64 };
};

const checked = (endpoint: string | undefined, name: string): string | undefined => {
  const protocol = endpoint === undefined ? undefined : URL.parse(endpoint)?.protocol;
  if (endpoint === undefined || protocol === "http:" || protocol === "https:") return endpoint;
  throw new FetchFault("BAD_SETTING", `${name} is no URL: write https://HOST[:PORT]`);
};
