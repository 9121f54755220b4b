import { isUtf8 } from "node:buffer";
import type { Span } from "./span.ts";
import { slice, unreadable } from "./wire.ts";

/** A string field. @throws {EngineError} MESSAGE_UNREADABLE for bytes that are not UTF-8, which proto3 forbids. */
export const readText = (bytes: Buffer, span: Span): string => {
  const text = slice(bytes, span);
  if (isUtf8(text)) return text.toString();
  throw unreadable(`the string at byte ${span.start} is not UTF-8`);
};
