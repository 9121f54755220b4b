import { promised } from "../done.ts";
import { EngineError } from "../errors.ts";
import type { HttpCall, HttpClient } from "./http.ts";
import { replyHeader } from "./reply-header.ts";
import type { HttpReply } from "./reply-reader.ts";

/** The first request and nine more, as Go's client. */
const mostRequests = 10;
const redirects = new Set([301, 302, 303, 307, 308]);
const turnsToGet = new Set([301, 302, 303]);
/** What must not follow a redirect to another host. */
const credentials =
  /^(?:authorization|cookie|cookie2|www-authenticate|proxy-authorization):.*\r\n/gim;

export type RedirectOptions = {
  /** A client for a host that a redirect names. */
  readonly clientFor: (host: string, port: number) => HttpClient;
  /** Told of every answer to a redirected call, further redirects too. */
  readonly onReply: (call: HttpCall, reply: HttpReply, seconds: number) => void;
};

export const isRedirect = ({ status }: HttpReply): boolean => redirects.has(status);

/** What was sent, to whom and when, and the redirect that came of it. */
export type Redirected = {
  readonly client: HttpClient;
  readonly call: HttpCall;
  /** In milliseconds of `performance.now()`. */
  readonly started: number;
  readonly reply: HttpReply;
};

/**
 * Follows where an answer points: POST becomes GET after 301, 302 and 303.
 * Credentials stay with the host they were sent to.
 *
 * @throws {EngineError} NODE_PROTOCOL when the tenth answer is a redirect too, or on a Location that is no http address.
 * Source: engine contract, 2.6.
 */
export const followRedirects = async (
  first: Redirected,
  { clientFor, onReply }: RedirectOptions,
): Promise<HttpReply> => {
  const { call, started } = first;
  const send = async (to: HttpClient, one: HttpCall): Promise<HttpReply> => {
    const sent = performance.now();
    const answered = await promised<HttpReply>((done) => to.send(one, done));
    onReply(one, answered, (performance.now() - sent) / 1000);
    return answered;
  };
  let { client: current, reply } = first;
  let next: HttpCall = call;
  let at = new URL(call.path, `http://${current.authority}`);
  for (let count = 1; isRedirect(reply); count += 1) {
    const location = replyHeader(reply, "location");
    if (location === undefined) return reply;
    if (count === mostRequests) throw lost(call, `stopped after ${mostRequests} redirects`);
    const target = URL.canParse(location, at.href) ? new URL(location, at) : undefined;
    if (target?.protocol !== "http:") throw lost(call, `it is redirected to "${location}"`);
    if (target.host !== at.host) {
      current = clientFor(target.hostname.replace(/^\[|\]$/g, ""), Number(target.port || 80));
      next = { ...next, headerLines: next.headerLines.replace(credentials, "") };
    }
    at = target;
    next = {
      ...redirected(next, reply.status),
      path: target.pathname + target.search,
      timeoutMs: left(call.timeoutMs, started),
    };
    reply = await send(current, next);
  }
  return reply;
};

/** What is left of a limit on the whole exchange; 0 means no limit. */
const left = (timeoutMs: number, started: number): number =>
  timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - Math.round(performance.now() - started));

const redirected = (call: HttpCall, status: number): HttpCall => {
  if (!turnsToGet.has(status) || call.method === "GET") return call;
  const headerLines = call.headerLines.replace(ofBody, "");
  return { ...call, method: "GET", body: undefined, headerLines };
};

/** What goes with the body. The type stays, as with v1's client. */
const ofBody = /^(?:content-encoding|inference-header-content-length):.*\r\n/gim;

const lost = (call: HttpCall, why: string): EngineError =>
  new EngineError("NODE_PROTOCOL", `${call.method} ${call.path}: ${why}`);
