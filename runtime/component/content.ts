import type { Encoding, JsonObject } from "./message.ts";
import { isObject, kindOf } from "./message.ts";
import { type Dense, denseOf, plainArrays } from "./tensor.ts";
import { encodeTensorProto, jsonNumbers } from "./tftensor.ts";
import { ComponentError } from "./user.ts";

/** How what a method returned is put into a message. */
export type Form = {
  /** The method, for messages. */
  readonly method: string;
  /** The encoding of the request, which that of the reply follows. */
  readonly encoding: Encoding;
  /** Names for so many columns. */
  readonly names: (columns: number) => readonly string[];
  /** A route: whole numbers. */
  readonly integer?: boolean;
  /** The message will be JSON, which has no NaN and no infinities. */
  readonly asJson: boolean;
};

/**
 * Puts what a user's method returned into the field of a message that its type asks for.
 *
 * @throws {ComponentError} 400 for a value of no such type, 500 for numbers that the encoding cannot carry.
 * Source: engine contract, 11.5.
 */
export const buildContent = (returned: unknown, form: Form): JsonObject => {
  if (typeof returned === "string") return { strData: returned };
  if (returned instanceof Uint8Array) return { binData: Buffer.from(returned) };
  const value = plainArrays(returned);
  if (Array.isArray(value)) return { data: buildData(value, form) };
  if (isAny(value, form.encoding)) return { customData: value };
  if (isObject(value)) return { jsonData: value };
  throw new ComponentError(
    `${form.method} returned ${kindOf(value)}: return an array, a string, an object or a Buffer`,
  );
};

/** A google.protobuf.Any: its type, and the bytes of its message. */
const isAny = (value: unknown, encoding: Encoding): boolean =>
  isObject(value) &&
  typeof value["@type"] === "string" &&
  (encoding === "customData" || value["value"] instanceof Uint8Array);

const buildData = (array: readonly unknown[], form: Form): JsonObject => {
  const dense = denseOf(array);
  const names = namesOf(array, dense, form);
  if (dense === undefined || form.encoding === "ndarray") {
    if (dense !== undefined && form.asJson) requireFinite(dense, form.method);
    return { names, ndarray: array };
  }
  if (form.encoding === "tftensor") {
    return { names, tftensor: encodeTensorProto(dense, form) };
  }
  const { shape, values } = dense;
  return {
    names,
    tensor: { shape, values: form.asJson ? jsonNumbers(values) : values },
  };
};

/** Two dimensions have named columns, one has not. */
const namesOf = (
  array: readonly unknown[],
  dense: Dense | undefined,
  { names }: Form,
): readonly string[] => {
  if (dense !== undefined) return dense.shape.length < 2 ? [] : names(dense.shape[1] ?? 0);
  const first = array[0];
  const regular =
    Array.isArray(first) && array.every((row) => Array.isArray(row) && row.length === first.length);
  return regular ? names(first.length) : [];
};

const requireFinite = ({ values, shape }: Dense, method: string): void => {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new ComponentError(
    `${method} returned ${values[at]} (value ${at} of shape [${shape}]), which JSON cannot carry in an ndarray: return null there, or ask with a tensor`,
    { status: 500, reason: "MICROSERVICE_INTERNAL_ERROR" },
  );
};
