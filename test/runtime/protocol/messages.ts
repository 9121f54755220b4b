/** Our .proto files, read by protobufjs: messages made and read independently of the codecs. */
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import type { Payload } from "../../../runtime/payload.ts";

const folder = fileURLToPath(new URL("../../../runtime/protocol/proto/", import.meta.url));

export const protoFiles = [
  "tensor.proto",
  "seldon.proto",
  "open_inference.proto",
  "tensorflow_serving.proto",
  "health.proto",
];

export const loadProtos = (from: string, files: readonly string[]): protobuf.Root => {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    target.startsWith("google/") || target.startsWith("/") ? target : `${from}${target}`;
  root.loadSync([...files], { keepCase: true });
  root.resolveAll();
  return root;
};

export const ours = loadProtos(folder, protoFiles);

/** A message of our types from its plain form (protobufjs's, field names as written). */
export const encode = (name: string, plain: object): Buffer => {
  const type = ours.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(plain)).finish());
};

/** What is set in a message: numbers as numbers, bytes as base64, enums by name. */
export const decode = (name: string, bytes: Buffer): Record<string, unknown> => {
  const type = ours.lookupType(name);
  return type.toObject(type.decode(bytes), { longs: Number, bytes: String, enums: String });
};

export const protoPayload = (name: string, plain: object): Payload => ({
  body: encode(name, plain),
  contentType: undefined,
  contentEncoding: undefined,
  message: name,
});

export const rawPayload = (name: string, body: Buffer): Payload => ({
  body,
  contentType: undefined,
  contentEncoding: undefined,
  message: name,
});

/** What a payload of ours holds. */
export const decodePayload = ({ message = "", body }: Payload): Record<string, unknown> =>
  decode(message, body);

/** JSON as a google.protobuf.Value in protobufjs's plain form. */
export const protoValue = (json: unknown): object => {
  if (json === null) return { nullValue: 0 };
  if (typeof json === "number") return { numberValue: json };
  if (typeof json === "string") return { stringValue: json };
  if (typeof json === "boolean") return { boolValue: json };
  if (Array.isArray(json)) return { listValue: protoList(json) };
  const fields = Object.entries(json as object).map(([key, value]) => [key, protoValue(value)]);
  return { structValue: { fields: Object.fromEntries(fields) } };
};

export const protoList = (json: readonly unknown[]): object => ({ values: json.map(protoValue) });
