import { EngineError } from "../errors.ts";
import type { Payload } from "../payload.ts";

const isJson = (bytes: Buffer): boolean => {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
};

/**
 * JSON texts, byte for byte, as one JSON array.
 *
 * @throws {EngineError} MESSAGE_UNREADABLE if one is not JSON; the wording is part of the interface.
 * Source: engine contract, 2.6 and 6.5.
 */
export const jsonList = (bodies: readonly Buffer[], contentType: string | undefined): Payload => {
  const parts: Buffer[] = [];
  for (const body of bodies) {
    if (!isJson(body)) throw new EngineError("MESSAGE_UNREADABLE", "Data is not JSON");
    parts.push(Buffer.from(parts.length === 0 ? "[" : ","), body);
  }
  const body = Buffer.concat([...parts, Buffer.from(parts.length === 0 ? "[]" : "]")]);
  return { body, contentType, contentEncoding: undefined };
};
