/**
 * Calls to one host over HTTP/1.1: keep-alive connections in a last-in-first-out pool, one request
 * in flight on each, a deadline and a scope for every call.
 *
 * It is our own because it costs a third of the leanest library
 * (docs/decisions/0002-data-path.md).
 */
import type { LookupFunction } from "node:net";
import type { Deadline, Deadlines } from "../deadlines.ts";
import type { Done } from "../done.ts";
import type { Limits } from "../limits.ts";
import type { Scope } from "../scope.ts";
import { makeAddresses } from "./addresses.ts";
import { type Line, makeLine, type Sending } from "./line.ts";
import type { HttpReply } from "./reply-reader.ts";

export type HttpCall = {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Header lines, each ended by CRLF; without Host and Content-Length, which the client writes. */
  readonly headerLines: string;
  /** Value of the Host header; the place that is called if absent. */
  readonly host?: string;
  /** Undefined sends no body and no Content-Length. It is not read any more once the call is done. */
  readonly body: Buffer | undefined;
  /** For the whole exchange; 0 means no limit. */
  readonly timeoutMs: number;
  readonly scope: Scope;
};

export type HttpClient = {
  /** Host and port as in a Host header. */
  readonly authority: string;
  /**
   * Sends one request and reads the whole answer, whatever its status. Never throws, and may
   * tell before it returns.
   *
   * A request is sent again only if no one has seen it: on a kept connection that the host had
   * closed before, or to a host whose remembered addresses took no connection.
   *
   * Tells NODE_UNREACHABLE, NODE_TIMEOUT, NODE_PROTOCOL, or the scope's reason.
   */
  send(call: HttpCall, done: Done<HttpReply>): void;
  /** Closes idle connections, and the others as soon as their answers have come. */
  close(): void;
};

export type HttpClientOptions = {
  readonly host: string;
  readonly port: number;
  readonly limits: Limits;
  readonly deadlines: Deadlines;
  /** How the host's addresses are found, and the only way; as the system does it if absent. */
  readonly lookup?: LookupFunction;
};

/** Idle connections kept to a host. */
const mostIdle = 256;
/**
 * Older idle connections are not trusted: hosts close theirs after 2 s (gunicorn) or 5 s (Node.js,
 * uvicorn), and a request that crosses with that may fail without a trace of who saw it.
 */
const longestIdleMs = 1500;

export const makeHttpClient = (options: HttpClientOptions): HttpClient => {
  const { host, port, deadlines } = options;
  const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const addresses = makeAddresses(options);
  const idle = makeIdleLines(deadlines);

  const open = (): Line =>
    makeLine({ ...options, addresses, authority, keep: idle.add, repeat: sendAfresh });
  const sendAfresh = (sending: Sending): void =>
    open().send({ ...sending, repeats: sending.repeats + 1 });

  return {
    authority,
    send: (call, done) => {
      if (call.scope.reason !== undefined) {
        done(call.scope.reason, undefined);
        return;
      }
      const now = performance.now();
      addresses?.refresh(now);
      const line = idle.take(now) ?? open();
      line.send({ call, done, endsAt: now + call.timeoutMs, repeats: 0 });
    },
    close: idle.close,
  };
};

type IdleLines = {
  /** The one used last that may still be used. */
  take(now: number): Line | undefined;
  add(line: Line): void;
  /** Closes all, and what is added later. */
  close(): void;
};

const makeIdleLines = (deadlines: Deadlines): IdleLines => {
  const lines: Line[] = []; // in the order in which they became idle
  let sweeping: Deadline | undefined;
  let closed = false;

  const isOld = (line: Line, now: number): boolean => now - line.idleSince() >= longestIdleMs;

  /** Those that were not needed are closed, rather than left for the host to close. */
  const sweep = (): void => {
    const now = performance.now();
    const kept = lines.findIndex((line) => !isOld(line, now));
    for (const line of lines.splice(0, kept < 0 ? lines.length : kept)) line.destroy();
    sweeping = lines.length > 0 ? deadlines.set(longestIdleMs, sweep) : undefined;
  };

  return {
    take: (now) => {
      for (;;) {
        const line = lines.pop();
        if (line === undefined || (line.usable() && !isOld(line, now))) return line;
        line.destroy();
      }
    },
    add: (line) => {
      if (closed || lines.length >= mostIdle) {
        line.destroy();
        return;
      }
      lines.push(line);
      sweeping ??= deadlines.set(longestIdleMs, sweep);
    },
    close: () => {
      closed = true;
      for (const line of lines.splice(0)) line.destroy();
      if (sweeping !== undefined) deadlines.clear(sweeping);
      sweeping = undefined;
    },
  };
};
