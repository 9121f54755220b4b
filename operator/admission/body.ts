/** Reading what a caller sends, within bounds. */
import type { IncomingMessage } from "node:http";

/**
 * Of a review. An update carries two deployments, and an API server takes requests of 3 MiB; what it
 * stores is smaller still.
 */
export const maxBodyBytes = 8 * 1024 * 1024;
/** Of all reviews that are being read: the process must live. */
export const maxHeldBytes = 64 * 1024 * 1024;

export type BodyReader = (request: IncomingMessage) => Promise<Buffer | "too large" | "too busy">;

/** Makes a reader that counts what all its requests hold together. */
export const makeBodyReader = (): BodyReader => {
  let heldBytes = 0;
  return async (request) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    if (Number(request.headers["content-length"]) > maxBodyBytes) return "too large";
    try {
      // The connection outlives a body that is not read to its end: there is an answer to send.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        const { length } = chunk as Buffer; // no encoding is set
        bytes += length;
        heldBytes += length;
        if (bytes > maxBodyBytes) return "too large";
        if (heldBytes > maxHeldBytes) return "too busy";
        chunks.push(chunk as Buffer);
      }
      return Buffer.concat(chunks);
    } finally {
      heldBytes -= bytes;
    }
  };
};
