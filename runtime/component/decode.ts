/** From an HTTP request to the message in it. Source: engine contract, 11.2. */
import { isUtf8 } from "node:buffer";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { HttpRequest } from "../server/http.ts";
import { parseJson } from "./json.ts";
import { readMultipart } from "./multipart.ts";
import { ComponentError } from "./user.ts";

const unzip = promisify(gunzip);

/** The body of a request as it came, or the text of a field or parameter `json`. */
export type Undecoded = Buffer | string;

/** The first value of a header, or undefined. `name` is in lower case. */
export const headerOf = (headers: readonly string[], name: string): string | undefined => {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
};

/**
 * Reads the message of a request: a form of parts, a form field `json`, a query parameter `json`,
 * or a body of JSON; the first that is there counts.
 *
 * @throws {ComponentError} 400 when there is none, or it is malformed.
 */
export const decodeRequest = async (
  request: HttpRequest,
  maxDecompressedBytes: number,
): Promise<unknown> => {
  const contentType = headerOf(request.headers, "content-type") ?? "";
  const body = await decompressed(request, maxDecompressedBytes);
  if (isMultipart(contentType)) return readMultipart(contentType, body);

  const text = jsonText(request, contentType, body);
  if (text !== undefined) return parseJson(text, "json");

  if (!isJsonType(contentType)) throw noJson(contentType);
  if (!isUtf8(body)) throw new ComponentError("Invalid JSON in the body: it is not UTF-8");
  return parseJson(body.toString("utf8"), "the body");
};

/** What a raw method gets when nothing is to be decoded: PAYLOAD_PASSTHROUGH. */
export const undecoded = async (
  request: HttpRequest,
  maxDecompressedBytes: number,
): Promise<Undecoded> => {
  const contentType = headerOf(request.headers, "content-type") ?? "";
  const body = await decompressed(request, maxDecompressedBytes);
  return (isMultipart(contentType) ? undefined : jsonText(request, contentType, body)) ?? body;
};

/** The form field or, after it, the query parameter `json`. */
const jsonText = (request: HttpRequest, contentType: string, body: Buffer): string | undefined => {
  const field = isForm(contentType) ? jsonIn(body.toString("utf8")) : undefined;
  if (field !== undefined) return field;
  const query = request.target.indexOf("?");
  return query < 0 ? undefined : jsonIn(request.target.slice(query + 1));
};

const jsonIn = (parameters: string): string | undefined =>
  new URLSearchParams(parameters).get("json") ?? undefined;

const isMultipart = (contentType: string): boolean => /multipart\/form-data/i.test(contentType);

const isForm = (contentType: string): boolean =>
  /^\s*application\/x-www-form-urlencoded\b/i.test(contentType);

const isJsonType = (contentType: string): boolean =>
  /^\s*application\/(?:json|[^;\s]+\+json)\s*(?:;|$)/i.test(contentType);

const noJson = (contentType: string): ComponentError =>
  new ComponentError(
    `Can't find JSON in data: send it with "Content-Type: application/json" (got ${contentType === "" ? "none" : contentType}), or as form field or query parameter "json"`,
  );

/**
 * The body with gzip undone. An engine passes a client's Content-Encoding on to nodes whose
 * payload is long plain again, so the bytes are asked, not the header alone.
 */
export const decompressed = async (
  { headers, body }: HttpRequest,
  maxOutputLength: number,
): Promise<Buffer> => {
  const encoding = headerOf(headers, "content-encoding");
  if (encoding === undefined || !/gzip/i.test(encoding)) return body;
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body;
  try {
    return await unzip(body, { maxOutputLength });
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException; // zlib throws nothing else
    throw code === "ERR_BUFFER_TOO_LARGE"
      ? new ComponentError(`the body is larger than ${maxOutputLength} bytes when decompressed`, {
          status: 413,
        })
      : new ComponentError(`the body is not valid gzip: ${message}`);
  }
};
