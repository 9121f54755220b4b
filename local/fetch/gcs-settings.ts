/**
 * How to reach Google Cloud Storage: from rclone's variables, or from Google's own.
 *
 * Source: Google Cloud, "Application Default Credentials"; operator contract, 7.4 and 7.5.
 */
import { FetchFault } from "./fault.ts";
import { booleanOf, type Remote, refuseOptions } from "./rclone.ts";
import type { Env } from "./source.ts";

export type GcsCredentials =
  | { readonly kind: "none" }
  | { readonly kind: "file"; readonly path: string; readonly variable: string }
  | { readonly kind: "key"; readonly key: object; readonly variable: string }
  | { readonly kind: "token"; readonly token: string }
  /** What the surroundings lend: the service account of the pod or of the machine. */
  | { readonly kind: "lent" };

export type GcsSettings = {
  readonly endpoint: string;
  readonly credentials: GcsCredentials;
  /** Who pays, where the one who asks does. */
  readonly userProject: string | undefined;
  readonly isTrusting: boolean;
  /** Which variables hold the credentials, for people. */
  readonly remedy: string;
};

const googles = "https://storage.googleapis.com";

/** Without credentials nothing is signed, as public buckets allow and v1's image did. */
export const gcsFromEnv = (env: Env): GcsSettings => {
  const { GOOGLE_APPLICATION_CREDENTIALS: path, STORAGE_EMULATOR_HOST: emulator } = env;
  return {
    endpoint: endpointOf(emulator, "http", "STORAGE_EMULATOR_HOST"),
    credentials: path
      ? { kind: "file", path, variable: "GOOGLE_APPLICATION_CREDENTIALS" }
      : { kind: "none" },
    userProject: undefined,
    isTrusting: isTrusting(env),
    remedy:
      "GOOGLE_APPLICATION_CREDENTIALS, or RCLONE_CONFIG_GS_ENV_AUTH=true for the service account of the pod",
  };
};

const isTrusting = ({ RCLONE_NO_CHECK_CERTIFICATE: text }: Env): boolean =>
  text !== undefined && text !== "" && booleanOf("RCLONE_NO_CHECK_CERTIFICATE", text);

const refused = {
  TOKEN: "use a service account: SERVICE_ACCOUNT_CREDENTIALS, SERVICE_ACCOUNT_FILE or ENV_AUTH",
  CLIENT_ID: "use a service account: SERVICE_ACCOUNT_CREDENTIALS, SERVICE_ACCOUNT_FILE or ENV_AUTH",
} as const;

/** @throws {FetchFault} BAD_SETTING */
export const gcsFromRemote = (remote: Remote, env: Env): GcsSettings => {
  const { option, variable } = remote;
  refuseOptions(remote, refused);
  const fromEnv = gcsFromEnv(env);
  const endpoint = option("ENDPOINT");
  return {
    endpoint: endpoint ? endpointOf(endpoint, "https", variable("ENDPOINT")) : fromEnv.endpoint,
    credentials: credentialsOf(remote) ?? fromEnv.credentials,
    userProject: option("USER_PROJECT"),
    isTrusting: fromEnv.isTrusting,
    remedy: `${variable("SERVICE_ACCOUNT_CREDENTIALS")}, or ${variable("ENV_AUTH")}=true for the service account of the pod`,
  };
};

const credentialsOf = ({ option, flag, variable }: Remote): GcsCredentials | undefined => {
  if (flag("ANONYMOUS", false)) return { kind: "none" };
  const json = option("SERVICE_ACCOUNT_CREDENTIALS");
  const path = option("SERVICE_ACCOUNT_FILE");
  const token = option("ACCESS_TOKEN");
  if (json !== undefined) {
    const name = variable("SERVICE_ACCOUNT_CREDENTIALS");
    return { kind: "key", key: readKey(json, name), variable: name };
  }
  if (path !== undefined) return { kind: "file", path, variable: variable("SERVICE_ACCOUNT_FILE") };
  if (token !== undefined) return { kind: "token", token };
  return flag("ENV_AUTH", false) ? { kind: "lent" } : undefined;
};

/** The text itself is a secret, and so is what a parser says of it. */
export const readKey = (json: string, name: string): object => {
  try {
    const key: unknown = JSON.parse(json);
    if (typeof key === "object" && key !== null) return key;
  } catch {}
  const message = `${name} is no JSON: it has to be the key file of a service account`;
  throw new FetchFault("BAD_SETTING", message);
};

const endpointOf = (text: string | undefined, scheme: string, name: string): string => {
  if (text === undefined || text === "") return googles;
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `${scheme}://${text}`);
  if (url !== null) return url.origin;
  throw new FetchFault("BAD_SETTING", `${name} is no URL: write https://HOST[:PORT]`);
};
