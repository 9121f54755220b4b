import { gzipSync } from "node:zlib";
import type { Payload } from "../../../runtime/payload.ts";

/** A payload over REST; what is not text is written as JSON. */
export const rest = (body: unknown, more: Partial<Payload> = {}): Payload => ({
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  contentType: "application/json",
  contentEncoding: undefined,
  ...more,
});

export const gzipped = (body: unknown): Payload => {
  const plain = rest(body);
  return { ...plain, body: gzipSync(plain.body), contentEncoding: "gzip" };
};

/** A v2 message with a binary part. */
export const withBinary = (json: unknown, ...raw: readonly Buffer[]): Payload => {
  const { body } = rest(json);
  return rest("", {
    body: Buffer.concat([body, ...raw]),
    jsonBytes: body.length,
    contentType: "application/octet-stream",
  });
};

export const textOf = ({ body }: Payload): string => body.toString();

export const jsonOf = (payload: Payload): unknown => JSON.parse(textOf(payload));
