import { gunzipSync } from "node:zlib";
import { EngineError } from "../errors.ts";
import type { Payload } from "../payload.ts";

/**
 * The bytes of a message that a node must look into: a compressed one is unpacked.
 *
 * @throws {EngineError} MESSAGE_UNREADABLE for another coding than gzip, for bytes that are not
 * gzip, and for more than `limitBytes` of them.
 */
export const plain = ({ body, contentEncoding }: Payload, limitBytes: number): Buffer => {
  const coding = contentEncoding?.trim().toLowerCase() ?? "";
  if (coding === "" || coding === "identity") return body;
  if (coding !== "gzip" && coding !== "x-gzip") {
    throw new EngineError(
      "MESSAGE_UNREADABLE",
      `a message is encoded as "${contentEncoding}"; only gzip can be read`,
    );
  }
  try {
    return gunzipSync(body, { maxOutputLength: limitBytes });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("MESSAGE_UNREADABLE", `a gzip message cannot be unpacked: ${why}`, {
      cause,
    });
  }
};
