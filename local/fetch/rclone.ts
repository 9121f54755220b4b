/**
 * Remotes as rclone's environment describes them: `RCLONE_CONFIG_<REMOTE>_<OPTION>`.
 *
 * Source: rclone's documentation, "Environment variables", and of its back ends s3 and gcs.
 */
import { FetchFault } from "./fault.ts";
import type { Env } from "./source.ts";

export type Remote = {
  readonly name: string;
  readonly type: string;
  /** An option of the remote, else of all remotes of its type; undefined if nothing or "" is said. */
  readonly option: (name: string) => string | undefined;
  /** @throws {FetchFault} BAD_SETTING */
  readonly flag: (name: string, otherwise: boolean) => boolean;
  /** How an option is written, for people. */
  readonly variable: (name: string) => string;
};

/** Types that can be read, with the word that rclone's variables for a whole type have. */
const types = { s3: "S3", "google cloud storage": "GCS", gcs: "GCS" } as const;

/** What a remote of these names is if its variables do not say: v1's image knew `gs`. */
const usualTypes: Readonly<Record<string, string>> = { gs: "google cloud storage", s3: "s3" };

/** Each of them says that there is a remote: another one's name may begin with this one's. */
const telling: readonly string[] = [
  ...["TYPE", "PROVIDER", "ENDPOINT", "REGION", "ENV_AUTH"],
  ...["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "ACCESS_TOKEN"],
  ...["ANONYMOUS", "SERVICE_ACCOUNT_CREDENTIALS", "SERVICE_ACCOUNT_FILE"],
];

/** The remote of that name; undefined if the environment has none. @throws {FetchFault} BAD_SETTING */
export const remoteOf = (name: string, env: Env): Remote | undefined => {
  const upper = name.toUpperCase();
  const spellings = [upper, upper.replaceAll("-", "_")].map((each) => `RCLONE_CONFIG_${each}_`);
  const prefix = spellings.find((each) => telling.some((option) => env[`${each}${option}`]));
  if (prefix === undefined) return undefined;
  const type = (env[`${prefix}TYPE`] || usualTypes[name.toLowerCase()])?.toLowerCase();
  const variable = (option: string): string => `${prefix}${option}`;
  if (type === undefined || !Object.hasOwn(types, type)) {
    const message =
      type === undefined
        ? `${prefix}TYPE is missing: write "s3" or "google cloud storage"`
        : `${prefix}TYPE is "${type}", which is not fetched from: fetched are "s3" and "google cloud storage"; for others set storageInitializerImage to an image with rclone, such as seldonio/rclone-storage-initializer:1.17.1`;
    throw new FetchFault("BAD_SETTING", message);
  }
  const word = types[type as keyof typeof types]; // it has that key
  const option = (each: string): string | undefined =>
    env[`${prefix}${each}`] || env[`RCLONE_${word}_${each}`] || undefined;
  const flag = (each: string, otherwise: boolean): boolean => {
    const text = option(each);
    return text === undefined ? otherwise : booleanOf(variable(each), text);
  };
  return { name, type: word, option, flag, variable };
};

/** Source: Go, strconv.ParseBool. @throws {FetchFault} BAD_SETTING */
export const booleanOf = (name: string, text: string): boolean => {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw new FetchFault("BAD_SETTING", `${name} is "${text}": write true or false`);
};

/** @throws {FetchFault} BAD_SETTING for options that would have to be heeded, and are not. */
export const refuseOptions = (
  { option, variable }: Remote,
  refused: Readonly<Record<string, string>>,
): void => {
  for (const [name, remedy] of Object.entries(refused)) {
    const text = option(name);
    if (text === undefined || /^(0|f|false)$/i.test(text)) continue;
    throw new FetchFault("BAD_SETTING", `${variable(name)} is not supported: ${remedy}`);
  }
};
