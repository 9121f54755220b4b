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

/** What a header is to the engine, by its place in the switch below; 0 for the others. */
const watched: Readonly<Record<string, number>> = {
  "seldon-puid": 1,
  "content-type": 2,
  "content-encoding": 3,
  accept: 4,
  "accept-encoding": 5,
  range: 6,
  "inference-header-content-length": 7,
  "ce-specversion": 8,
  "espalier-timeout-ms": 9,
  "seldon-skip-logging": 10,
};

type Rule = { readonly watched: number; readonly forwarded: boolean };

const rules = new Map<string, Rule>();
const mostRules = 1000;

/** Names come in few spellings: what each means is found out once. */
const ruleOf = (name: string): Rule => {
  let rule = rules.get(name);
  if (rule === undefined) {
    const key = name.toLowerCase();
    const isWatched = Object.hasOwn(watched, key);
    const forwarded = !own.has(key) && key !== "seldon-puid"; // an id is put at the end
    rule = { watched: isWatched ? (watched[key] ?? 0) : 0, forwarded };
    if (rules.size < mostRules) rules.set(name, rule);
  }
  return rule;
};

/** The first of several equal ones counts. */
type Known = {
  id: string | undefined;
  ids: string;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  accept: string | undefined;
  acceptEncoding: string | undefined;
  range: string | undefined;
  jsonBytes: string | undefined;
  cloudEvent: boolean;
  timeout: string | undefined;
  unlogged: boolean;
};

const note = (known: Known, place: number, name: string, value: string): void => {
  switch (place) {
    case 1:
      known.id ??= value;
      known.ids += `${name}: ${value}\r\n`;
      break;
    case 2:
      known.contentType ??= value;
      break;
    case 3:
      known.contentEncoding ??= value;
      break;
    case 4:
      known.accept ??= value;
      break;
    case 5:
      known.acceptEncoding ??= value;
      break;
    case 6:
      known.range ??= value;
      break;
    case 7:
      known.jsonBytes ??= value;
      break;
    case 8:
      known.cloudEvent = true;
      break;
    case 9:
      known.timeout ??= value;
      break;
    case 10:
      known.unlogged ||= skipsLogging(value);
      break;
  }
};

/** `headers` are names and values by turns. */
export const readHead = (headers: readonly string[]): RequestHead => {
  const known: Known = {
    id: undefined,
    ids: "",
    contentType: undefined,
    contentEncoding: undefined,
    accept: undefined,
    acceptEncoding: undefined,
    range: undefined,
    jsonBytes: undefined,
    cloudEvent: false,
    timeout: undefined,
    unlogged: false,
  };
  let lines = "";
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const value = headers[i + 1] ?? "";
    const rule = ruleOf(name);
    if (rule.watched > 0) note(known, rule.watched, name, value);
    if (rule.forwarded) lines += `${name}: ${value}\r\n`;
  }
  const { id: given = "", ids, accept, acceptEncoding, range, jsonBytes } = known;
  const id = given === "" ? randomUUID() : given;
  // As Go's client, which asks for gzip by itself only where nothing depends on the coding.
  const acceptsEncoding = Boolean(acceptEncoding) || range !== undefined;
  return {
    id,
    contentType: known.contentType,
    contentEncoding: known.contentEncoding,
    jsonBytes: readCount(jsonBytes),
    acceptsEncoding,
    acceptsEvents: accept?.includes("text/event-stream") ?? false,
    cloudEvent: known.cloudEvent,
    unlogged: known.unlogged,
    timeout: known.timeout,
    forwarded:
      lines +
      (given === "" ? `Seldon-Puid: ${id}\r\n` : ids) +
      (acceptsEncoding ? "" : "Accept-Encoding: gzip\r\n"),
  };
};
