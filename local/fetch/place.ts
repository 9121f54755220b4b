/** From a URI and the environment to the place of a model. Pure. */
import { fileURLToPath } from "node:url";
import { FetchFault } from "./fault.ts";
import { type GcsSettings, gcsFromEnv, gcsFromRemote } from "./gcs-settings.ts";
import { type Remote, remoteOf } from "./rclone.ts";
import { type S3Settings, s3FromEnv, s3FromRemote } from "./s3-settings.ts";
import { fetchedSchemes } from "./schemes.ts";
import type { Env } from "./source.ts";

/** A key is an object, or a folder of objects; "" is all that a bucket holds. */
export type Keyed = { readonly bucket: string; readonly key: string };

export type Place =
  | { readonly kind: "disk"; readonly path: string }
  | { readonly kind: "web"; readonly url: URL }
  | (Keyed & { readonly kind: "s3"; readonly settings: S3Settings })
  | (Keyed & { readonly kind: "gcs"; readonly settings: GcsSettings });

/**
 * A remote that rclone's variables describe wins over a scheme of the same name: `s3://bucket/key`
 * and `s3:bucket/key` are the remote `s3`. Keys are taken as they are written, not decoded.
 *
 * @throws {FetchFault} BAD_URI, BAD_SETTING. Source: operator contract, 7.4: `rclone copy URI FOLDER`.
 */
export const placeOf = (uri: string, env: Env): Place => {
  const [, name = "", rest = ""] = /^([A-Za-z0-9_][\w.+@ -]*):(.*)$/s.exec(uri) ?? [];
  if (name === "" && !uri.startsWith(":")) return { kind: "disk", path: pathIn(uri) };
  const remote = name === "" ? undefined : remoteOf(name, env);
  if (remote !== undefined) return { ...keyed(uri, rest), ...settingsOf(remote, env) };
  switch (`${name.toLowerCase()}:`) {
    case "http:":
    case "https:":
      return { kind: "web", url: urlIn(uri) };
    case "s3:":
      return { kind: "s3", ...keyed(uri, rest), settings: s3FromEnv(env) };
    case "gs:":
      return { kind: "gcs", ...keyed(uri, rest), settings: gcsFromEnv(env) };
    case "file:":
      return { kind: "disk", path: fileIn(uri) };
    case "pvc:":
      throw new FetchFault(
        "BAD_URI",
        `${uri}: a volume is mounted by the operator; name the path where it is`,
      );
    default:
      throw new FetchFault(
        "BAD_URI",
        `"${name}:" is not fetched from: write a path, ${fetchedSchemes.join(", ")}, or describe the remote in RCLONE_CONFIG_${name.toUpperCase()}_TYPE and so on`,
      );
  }
};

const settingsOf = (
  remote: Remote,
  env: Env,
):
  | { readonly kind: "s3"; readonly settings: S3Settings }
  | { readonly kind: "gcs"; readonly settings: GcsSettings } =>
  remote.type === "S3"
    ? { kind: "s3", settings: s3FromRemote(remote, env) }
    : { kind: "gcs", settings: gcsFromRemote(remote, env) };

const keyed = (uri: string, rest: string): Keyed => {
  const [bucket = "", ...parts] = rest.replace(/^\/+/, "").split("/");
  if (bucket === "")
    throw new FetchFault("BAD_URI", `${uri} names no bucket: write it behind the "://"`);
  return { bucket, key: parts.join("/") };
};

const urlIn = (uri: string): URL => {
  const url = URL.parse(uri);
  if (url !== null) return url;
  throw new FetchFault("BAD_URI", "the URI is no URL: write https://HOST/PATH");
};

const pathIn = (uri: string): string => {
  if (uri !== "" && !uri.includes("\0")) return uri;
  throw new FetchFault("BAD_URI", "the URI is empty: write where the model is");
};

const fileIn = (uri: string): string => {
  try {
    return fileURLToPath(uri);
  } catch {
    throw new FetchFault("BAD_URI", `${uri} is no file: write file:///PATH`);
  }
};
