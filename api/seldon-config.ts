/**
 * The ConfigMap `seldon-config`, in which the owner of a cluster names the images of prepackaged
 * servers: four keys, each JSON in a string. What it leaves out stays as it was.
 *
 * Source: operator contract, 9.3; deviation O4: a malformed one is told, it ends nothing.
 */

import { at } from "./path.ts";
import { failure, type Issue, type Result, success } from "./result.ts";
import {
  type CredentialSettings,
  ownServer,
  type PredictorServer,
  type ServerImage,
  type Settings,
} from "./settings.ts";
import { isPlain, kindOf } from "./shape/plain.ts";
import { hint } from "./spelling.ts";
import type { Protocol } from "./types.ts";

type Table = { readonly [key: string]: unknown };

/** The settings with what a `seldon-config` says in their place. */
export const readSeldonConfig = (configMap: unknown, base: Settings): Result<Settings> => {
  const found: Issue[] = [];
  const warnings: Issue[] = [];
  const map = table(configMap, "", found);
  if (map["kind"] !== undefined && map["kind"] !== "ConfigMap") {
    found.push({ path: "kind", message: `is ${kindOf(map["kind"])}; give a ConfigMap` });
  }
  const data = table(map["data"] ?? {}, "data", found);
  for (const key of Object.keys(data)) {
    if (!Object.hasOwn(readers, key)) {
      const message = `is read by nobody${hint(key, Object.keys(readers))}`;
      warnings.push({ path: at("data", key), message });
    }
  }
  const parts = Object.entries(readers).map(([key, reader]) => {
    const json = parsed(data[key], at("data", key), found);
    return json === undefined ? {} : reader(json, base, { found, warnings });
  });
  const settings: Settings = Object.assign({}, base, ...parts);
  return found.length > 0 ? failure(found, warnings) : success(settings, warnings);
};

type Told = { readonly found: Issue[]; readonly warnings: Issue[] };

type Reader = (json: Table, settings: Settings, told: Told) => Partial<Settings>;

/** Our own server stays, for a `seldon-config` that was written before there was one. */
const readServers: Reader = (json, { predictorServers }, told) => {
  const own = predictorServers[ownServer];
  const given = Object.entries(json).map(
    ([name, value]) => [name, readServer(value, at("data.predictor_servers", name), told)] as const,
  );
  return {
    predictorServers: {
      ...(own === undefined ? {} : { [ownServer]: own }),
      ...Object.fromEntries(given),
    },
  };
};

const protocols: readonly Protocol[] = ["seldon", "tensorflow", "v2", "kfserving"];

/** A row that nothing can come of, as that of a server before v1.3, is told and harms no other. */
const readServer = (value: unknown, path: string, { found, warnings }: Told): PredictorServer => {
  const server = table(value, path, found);
  if (server["protocols"] === undefined) {
    const message = 'has no protocols; write {"protocols": {"seldon": {"image": "..."}}}';
    warnings.push({ path, message });
    return { protocols: {} };
  }
  const given = table(server["protocols"], `${path}.protocols`, found);
  const entries = Object.entries(given).flatMap(([name, entry]) => {
    const where = at(`${path}.protocols`, name);
    if (protocols.some((protocol) => protocol === name)) {
      return [[name, readImage(entry, where, found)] as const];
    }
    warnings.push({ path: where, message: `is no protocol${hint(name, protocols)}` });
    return [];
  });
  return { protocols: Object.fromEntries(entries) };
};

const readImage = (value: unknown, path: string, found: Issue[]): ServerImage => {
  const entry = table(value, path, found);
  const image = text(entry, "image", path, found);
  const version = text(entry, "defaultImageVersion", path, found);
  if (image === undefined) found.push({ path, message: "has no image; name one" });
  return { image: image ?? "", ...(version ? { defaultImageVersion: version } : {}) };
};

const readStorageInitializer: Reader = (json, { storageInitializer }, { found }) => ({
  storageInitializer: texts(storageInitializer, json, "data.storageInitializer", found),
});

const readExplainer: Reader = (json, { explainer }, { found }) => {
  const path = "data.explainer";
  return {
    explainer: {
      image: text(json, "image", path, found) ?? explainer.image,
      imageV2: text(json, "image_v2", path, found) ?? explainer.imageV2,
    },
  };
};

const readCredentials: Reader = (json, { credentials }, { found }) => {
  const path = "data.credentials";
  const gcs = table(json["gcs"] ?? {}, `${path}.gcs`, found);
  const s3 = table(json["s3"] ?? {}, `${path}.s3`, found);
  const own = (key: string): string | undefined => text(s3, key, `${path}.s3`, found);
  const read: CredentialSettings = {
    gcsCredentialFileName:
      text(gcs, "gcsCredentialFileName", `${path}.gcs`, found) ?? credentials.gcsCredentialFileName,
    s3AccessKeyIdName: own("s3AccessKeyIDName") ?? credentials.s3AccessKeyIdName,
    s3SecretAccessKeyName: own("s3SecretAccessKeyName") ?? credentials.s3SecretAccessKeyName,
    s3Endpoint: own("s3Endpoint") ?? credentials.s3Endpoint,
    s3UseHttps: own("s3UseHttps") ?? credentials.s3UseHttps,
  };
  return { credentials: read };
};

const readers: { readonly [key: string]: Reader } = {
  predictor_servers: readServers,
  storageInitializer: readStorageInitializer,
  explainer: readExplainer,
  credentials: readCredentials,
};

/** The JSON of one key; undefined when the key is not there or cannot be read. */
const parsed = (value: unknown, path: string, found: Issue[]): Table | undefined => {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") {
    found.push({ path, message: `must be JSON in a string, is ${kindOf(value)}; write "key: |"` });
    return undefined;
  }
  try {
    return table(JSON.parse(value), path, found);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    found.push({ path, message: `does not hold JSON: ${why}; mend it there` });
    return undefined;
  }
};

const table = (value: unknown, path: string, found: Issue[]): Table => {
  if (isPlain(value)) return value as Table; // a plain object has string keys
  found.push({ path, message: `must be a JSON object, is ${kindOf(value)}` });
  return {};
};

const text = (held: Table, key: string, path: string, found: Issue[]): string | undefined => {
  const value = held[key];
  if (value === undefined || value === null || typeof value === "string") return value ?? undefined;
  found.push({ path: at(path, key), message: `must be a string, is ${kindOf(value)}; quote it` });
  return undefined;
};

/** `base` with those of its texts that `held` has. */
const texts = <T extends { readonly [key: string]: string }>(
  base: T,
  held: Table,
  path: string,
  found: Issue[],
): T => {
  const given = Object.keys(base).map((key) => [key, text(held, key, path, found)] as const);
  return { ...base, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
};
