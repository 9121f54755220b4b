/** The address of a Redis or Valkey server. */

export type StoreAddress = {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly isTls: boolean;
};

export type ReadAddress =
  | { readonly ok: true; readonly address: StoreAddress }
  /** Says nothing of what stands in the address: it may be a password. */
  | { readonly ok: false; readonly fault: string };

const usualPort = 6379;

/** Source: IANA, Provisional URI schemes `redis` and `rediss`. */
export const readAddress = (text: string): ReadAddress => {
  const form = "write redis://[user:password@]host[:port][/database], or rediss:// for TLS";
  if (!URL.canParse(text)) return { ok: false, fault: `is no address; ${form}` };
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text);
  if (protocol !== "redis:" && protocol !== "rediss:") {
    return { ok: false, fault: `is no address of a Redis or Valkey server; ${form}` };
  }
  const [, database] = /^\/?(\d{0,9})$/.exec(pathname) ?? [];
  const user = decoded(username);
  const secret = decoded(password);
  if (hostname === "" || database === undefined || search !== "" || hash !== "") {
    return { ok: false, fault: `is not as it must be; ${form}` };
  }
  if (user === undefined || secret === undefined) {
    return { ok: false, fault: "has a user or password with a stray %; write %25 for it" };
  }
  return {
    ok: true,
    address: {
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: port === "" ? usualPort : Number(port),
      username: user || undefined,
      password: secret || undefined,
      database: Number(database),
      isTls: protocol === "rediss:",
    },
  };
};

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** For logs. */
export const placeOf = ({ host, port, database, isTls }: StoreAddress): string =>
  `${isTls ? "rediss" : "redis"}://${host}:${port}/${database}`;
