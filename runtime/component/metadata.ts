/** What a model says about itself. Source: engine contract, 11.7. */
import { load, YAML11_SCHEMA } from "js-yaml";
import { isObject, type JsonObject, kindOf } from "./message.ts";
import { ComponentError } from "./user.ts";

export type Image = { readonly name: string; readonly version: string };

/**
 * The image's name and version, parted at the last colon.
 *
 * Source: engine contract, 11.8.
 */
export const splitImage = (image: string): Image => {
  const colon = image.lastIndexOf(":");
  // a colon before the last slash belongs to the registry's port
  if (colon < 0 || image.indexOf("/", colon) >= 0) return { name: image, version: "" };
  return { name: image.slice(0, colon), version: image.slice(colon + 1) };
};

type Sources = {
  /** What the class's `metadata()` returned. */
  readonly own: unknown;
  /** YAML of the environment variable MODEL_METADATA, whose fields win. */
  readonly yaml: string | undefined;
  readonly image: string | undefined;
};

/**
 * Puts a model's metadata together and checks it.
 *
 * @throws {ComponentError} MICROSERVICE_BAD_METADATA, naming the field.
 */
export const buildMetadata = ({ own, yaml, image }: Sources): JsonObject => {
  const declared = own === undefined || own === null ? {} : requireObject(own, "metadata()");
  const merged: JsonObject = { ...declared, ...readYaml(yaml) };
  const { name, version } = splitImage(image ?? "");
  const metadata = {
    name,
    versions: version === "" ? [] : [version],
    platform: "",
    inputs: [],
    outputs: [],
    custom: {},
    ...merged,
  };
  checkMetadata(metadata);
  return metadata;
};

const readYaml = (yaml: string | undefined): JsonObject => {
  if (yaml === undefined || yaml.trim() === "") return {};
  let value: unknown;
  try {
    value = load(yaml, { schema: YAML11_SCHEMA });
  } catch (thrown) {
    throw bad(`MODEL_METADATA is not valid YAML: ${(thrown as Error).message}`);
  }
  return value === undefined || value === null ? {} : requireObject(value, "MODEL_METADATA");
};

const checks: Readonly<Record<string, (value: unknown, path: string) => void>> = {
  name: (value, path) => requireString(value, path),
  versions: (value, path) =>
    each(value, path, (version, at) => {
      requireString(version, at);
    }),
  platform: (value, path) => requireString(value, path),
  inputs: (value, path) => each(value, path, checkTensor),
  outputs: (value, path) => each(value, path, checkTensor),
  custom: (value, path) => {
    for (const [key, entry] of Object.entries(requireObject(value, path))) {
      requireString(entry, `${path}.${key}`);
    }
  },
};

const checkMetadata = (metadata: JsonObject): void => {
  requireKeys(metadata, Object.keys(checks), "");
  for (const [key, value] of Object.entries(metadata)) checks[key]?.(value, key);
};

const messageTypes = [
  "tensor",
  "ndarray",
  "tftensor",
  "jsonData",
  "strData",
  "binData",
  "other",
] as const;

/** Source: Open Inference Protocol, tensor data types. */
const datatypes =
  "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES".split(" ");

/** An input or output: by type of message and schema, or by name, datatype and shape. */
const checkTensor = (value: unknown, path: string): void => {
  const tensor = requireObject(value, path);
  if ("messagetype" in tensor) {
    requireKeys(tensor, ["messagetype", "schema"], `${path}.`);
    requireOneOf(tensor["messagetype"], messageTypes, `${path}.messagetype`);
    if (tensor["schema"] !== undefined) requireObject(tensor["schema"], `${path}.schema`);
    return;
  }
  requireKeys(tensor, ["name", "datatype", "shape"], `${path}.`);
  requireString(tensor["name"], `${path}.name`);
  requireOneOf(tensor["datatype"], datatypes, `${path}.datatype`);
  each(tensor["shape"], `${path}.shape`, (size, at) => {
    if (!Number.isInteger(size)) throw bad(`${at} must be a whole number, not ${kindOf(size)}`);
  });
};

const requireObject = (value: unknown, path: string): JsonObject => {
  if (isObject(value)) return value;
  throw bad(`${path} must be an object, not ${kindOf(value)}`);
};

const requireString = (value: unknown, path: string): void => {
  if (typeof value !== "string") {
    throw bad(`${path} must be a string, not ${kindOf(value)}: write it in quotes`);
  }
};

const requireOneOf = (value: unknown, allowed: readonly string[], path: string): void => {
  if (typeof value === "string" && allowed.includes(value)) return;
  throw bad(`${path} is ${JSON.stringify(value)}: use one of ${allowed.join(", ")}`);
};

const requireKeys = (value: JsonObject, allowed: readonly string[], prefix: string): void => {
  const unknown = Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown === undefined) return;
  throw bad(`${prefix}${unknown} is not a known field: use ${allowed.join(", ")}`);
};

const each = (
  value: unknown,
  path: string,
  check: (entry: unknown, path: string) => void,
): void => {
  if (!Array.isArray(value)) throw bad(`${path} must be a list, not ${kindOf(value)}`);
  for (const [i, entry] of value.entries()) check(entry, `${path}[${i}]`);
};

const bad = (message: string): ComponentError =>
  new ComponentError(`bad metadata: ${message}`, {
    status: 500,
    reason: "MICROSERVICE_BAD_METADATA",
  });
