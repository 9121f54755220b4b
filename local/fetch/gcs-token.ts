/** Tokens of Google Cloud, by Google's own library, which renews them. */
import { readFile } from "node:fs/promises";
import {
  type AuthClient,
  ExternalAccountClient,
  type ExternalAccountClientOptions,
  GoogleAuth,
  JWT,
  type JWTInput,
  UserRefreshClient,
} from "google-auth-library";
import { FetchFault, systemCodeOf } from "./fault.ts";
import { type GcsCredentials, readKey } from "./gcs-settings.ts";

/** Source: Google, "OAuth 2.0 Scopes". */
const scopes = ["https://www.googleapis.com/auth/devstorage.read_only"];

/** Answers undefined where nothing is signed. @throws {FetchFault} */
export const makeGcsToken = (
  credentials: GcsCredentials,
  { where, remedy }: { readonly where: string; readonly remedy: string },
): (() => Promise<string | undefined>) => {
  if (credentials.kind === "none") return async () => undefined;
  if (credentials.kind === "token") return async () => credentials.token;
  let client: Promise<AuthClient> | undefined;
  return async () => {
    try {
      client ??= clientOf(credentials);
      const { token } = await (await client).getAccessToken();
      if (token) return token;
    } catch (thrown) {
      client = undefined;
      throw thrown instanceof FetchFault ? thrown : tokenFault(thrown, where, remedy);
    }
    throw new FetchFault("BAD_CREDENTIALS", `${where}: no token is given; check ${remedy}`);
  };
};

const clientOf = async (
  credentials: Extract<GcsCredentials, { kind: "key" | "file" | "lent" }>,
): Promise<AuthClient> => {
  switch (credentials.kind) {
    case "key":
      return clientOfKey(credentials.key, credentials.variable);
    case "file":
      return clientOfKey(await readKeyFile(credentials), credentials.variable);
    case "lent":
      return new GoogleAuth({ scopes }).getClient();
  }
};

const readKeyFile = async ({
  path,
  variable,
}: {
  readonly path: string;
  readonly variable: string;
}): Promise<object> => {
  const text = await readFile(path, "utf8").catch((cause) => {
    const message = `${variable}: ${path} cannot be read (${systemCodeOf(cause)}); mount the key file there`;
    throw new FetchFault("BAD_CREDENTIALS", message, { cause });
  });
  return readKey(text, `${variable}: ${path}`);
};

/** Source: Google Cloud, "Application Default Credentials": the types of key files. */
const clientOfKey = (key: object, variable: string): AuthClient => {
  const json = key as JWTInput; // what is missing is told below
  const { client_email: email, private_key: secret, private_key_id: keyId } = json;
  const { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken } = json;
  if (json.type === "external_account") {
    const client = ExternalAccountClient.fromJSON({
      ...(key as ExternalAccountClientOptions),
      scopes,
    }); // the library checks it
    if (client !== null) return client;
  } else if (json.type === "authorized_user" && clientId && clientSecret && refreshToken) {
    return new UserRefreshClient({ clientId, clientSecret, refreshToken });
  } else if (email && secret) {
    return new JWT({ email, key: secret, scopes, ...(keyId === undefined ? {} : { keyId }) });
  }
  const message = `${variable} is no key of a service account: write what its key file holds, with client_email and private_key`;
  throw new FetchFault("BAD_CREDENTIALS", message);
};

/** The library's own words may hold parts of a key; its codes and statuses do not. */
const tokenFault = (thrown: unknown, where: string, remedy: string): FetchFault => {
  const { status, response } = thrown as { status?: unknown; response?: { status?: unknown } }; // what the library adds to its errors
  const answered = Number(response?.status ?? status);
  const code = Number.isInteger(answered) ? `answered ${answered}` : systemCodeOf(thrown);
  const isPassing = answered >= 500 || answered === 429 || /^E[A-Z]+$/.test(code);
  const message = `${where}: no token can be had for the credentials${code === "" ? "" : ` (${code})`}; check ${remedy}`;
  return new FetchFault("BAD_CREDENTIALS", message, { isPassing });
};
