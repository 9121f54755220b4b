/** The headers of a request, read in one pass: what the engine uses, and what every node shall see. */
import { randomUUID } from "node:crypto";
import { readCount, skipsLogging } from "../headers.ts";

export type RequestHead = {
  /** `Seldon-Puid`, made if the client sent none. */
  readonly id: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** `Inference-Header-Content-Length`, where it is a number. */
  readonly jsonBytes: number | undefined;
  readonly acceptsEncoding: boolean;
  /** The client takes server-sent events. */
  readonly acceptsEvents: boolean;
  readonly cloudEvent: boolean;
  /** `Seldon-Skip-Logging` asks for it. */
  readonly unlogged: boolean;
  /** `Espalier-Timeout-Ms` as it was sent. */
  readonly timeout: string | undefined;
  /** Header lines for calls to nodes, each ended by CRLF. */
  readonly forwarded: string;
};

/**
 * Not passed on: what describes the message (each call writes its own), and what belongs to the
 * client's connection. Source: engine contract, 5.2; RFC 9110, 7.6.1.
 */
const own = new Set([
  "content-type",
  "content-encoding",
  "content-length",
  "inference-header-content-length",
  "host",
  "transfer-encoding",
  "trailer",
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
  "http2-settings",
]);

const watched = new Set([
  "seldon-puid",
  "content-type",
  "content-encoding",
  "accept",
  "accept-encoding",
  "range",
  "inference-header-content-length",
  "ce-specversion",
  "espalier-timeout-ms",
]);

const lowerCase = new Map<string, string>();
const mostNames = 1000;

/** Names come in few spellings: each is turned into lower case once. */
const lower = (name: string): string => {
  let found = lowerCase.get(name);
  if (found === undefined) {
    found = name.toLowerCase();
    if (lowerCase.size < mostNames) lowerCase.set(name, found);
  }
  return found;
};

const asksForSilence = (key: string, value: string): boolean =>
  key === "seldon-skip-logging" && skipsLogging(value);

/** As Go's client, which asks for gzip by itself only where nothing depends on the coding. */
const choosesEncoding = (known: ReadonlyMap<string, string>): boolean =>
  Boolean(known.get("accept-encoding")) || known.has("range");

/** `headers` are names and values by turns. The first of several equal ones counts. */
export const readHead = (headers: readonly string[]): RequestHead => {
  const known = new Map<string, string>();
  let lines = "";
  let ids = "";
  let unlogged = false;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const value = headers[i + 1] ?? "";
    const key = lower(name);
    if (watched.has(key) && !known.has(key)) known.set(key, value);
    unlogged ||= asksForSilence(key, value);
    if (key === "seldon-puid") ids += `${name}: ${value}\r\n`;
    else if (!own.has(key)) lines += `${name}: ${value}\r\n`;
  }
  const given = known.get("seldon-puid") ?? "";
  const id = given === "" ? randomUUID() : given;
  const acceptsEncoding = choosesEncoding(known);
  return {
    id,
    contentType: known.get("content-type"),
    contentEncoding: known.get("content-encoding"),
    jsonBytes: readCount(known.get("inference-header-content-length")),
    acceptsEncoding,
    acceptsEvents: known.get("accept")?.includes("text/event-stream") ?? false,
    cloudEvent: known.has("ce-specversion"),
    unlogged,
    timeout: known.get("espalier-timeout-ms"),
    forwarded:
      lines +
      (given === "" ? `Seldon-Puid: ${id}\r\n` : ids) +
      (acceptsEncoding ? "" : "Accept-Encoding: gzip\r\n"),
  };
};
