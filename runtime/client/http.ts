/**
 * Calls to one host over HTTP/1.1: keep-alive connections in a last-in-first-out pool, one request
 * in flight on each, a deadline and a scope for every call.
 *
 * It is our own because it costs a third of the leanest library
 * (docs/decisions/0002-data-path.md).
 */
import type { LookupFunction } from "node:net";
import type { Deadlines } from "../deadlines.ts";
import { type Done, settle } from "../done.ts";
import { EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { offCancel, onCancel, type Scope } from "../scope.ts";
import { type Connection, connect } from "./connection.ts";
import type { HttpReply } from "./reply-reader.ts";

export type HttpCall = {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Header lines, each ended by CRLF; without Host and Content-Length, which the client writes. */
  readonly headerLines: string;
  /** Value of the Host header; the place that is called if absent. */
  readonly host?: string;
  /** Undefined sends no body and no Content-Length. */
  readonly body: Buffer | undefined;
  /** For the whole exchange; 0 means no limit. */
  readonly timeoutMs: number;
  readonly scope: Scope;
};

export type HttpClient = {
  /** Host and port as in a Host header. */
  readonly authority: string;
  /**
   * Sends one request and reads the whole answer, whatever its status.
   *
   * A kept connection that the host had closed before it saw the request is replaced by a fresh
   * one; a fresh one is not, so there is one repetition at most.
   *
   * Never throws; tells NODE_UNREACHABLE, NODE_TIMEOUT, NODE_PROTOCOL, or the scope's reason.
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
  /** How the host's addresses are found; as the system does it if absent. */
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
  const idle: Connection[] = [];
  let closed = false;

  const take = (): Connection | undefined => {
    for (;;) {
      const connection = idle.pop();
      if (connection === undefined || !connection.usable()) {
        if (connection === undefined) return undefined;
        continue;
      }
      if (performance.now() - connection.idleSince() < longestIdleMs) return connection;
      connection.destroy();
    }
  };

  const keep = (connection: Connection): void => {
    if (closed || idle.length >= mostIdle) connection.destroy();
    else idle.push(connection);
  };

  const exchange = (
    call: HttpCall,
    text: string,
    kept: Connection | undefined,
    endsAt: number,
  ): Promise<HttpReply> =>
    new Promise((resolve, reject) => {
      const connection = kept ?? connect(options);
      const settle = (): void => {
        offCancel(call.scope, giveUp);
        if (deadline !== undefined) deadlines.clear(deadline);
      };
      const giveUp = (reason: EngineError): void => {
        settle();
        connection.destroy();
        reject(reason);
      };
      const deadline =
        call.timeoutMs > 0
          ? deadlines.set(endsAt - performance.now(), () => giveUp(timedOut(call, authority)))
          : undefined;
      connection.exchange(text, call.body, {
        done: ({ reply, reusable }) => {
          settle();
          if (reusable) keep(connection);
          else connection.destroy();
          resolve(reply);
        },
        failed: (error, unseen) => {
          settle();
          if (unseen) resolve(exchange(call, text, undefined, endsAt));
          else reject(unreachable(call, authority, error));
        },
      });
      onCancel(call.scope, giveUp);
    });

  return {
    authority,
    send: (call, done) => {
      if (call.scope.reason !== undefined) {
        done(call.scope.reason, undefined);
        return;
      }
      const text = headText(call, authority);
      settle(() => exchange(call, text, take(), performance.now() + call.timeoutMs), done);
    },
    close: () => {
      closed = true;
      for (const connection of idle.splice(0)) connection.destroy();
    },
  };
};

const headText = (call: HttpCall, authority: string): string => {
  const length = call.body === undefined ? "" : `Content-Length: ${call.body.length}\r\n`;
  return `${call.method} ${call.path} HTTP/1.1\r\nHost: ${call.host ?? authority}\r\n${length}${call.headerLines}\r\n`;
};

const target = (call: HttpCall, authority: string): string =>
  `${call.method} http://${authority}${call.path}`;

const timedOut = (call: HttpCall, authority: string): EngineError =>
  new EngineError(
    "NODE_TIMEOUT",
    `${target(call, authority)}: no answer within ${call.timeoutMs} ms`,
  );

const unreachable = (call: HttpCall, authority: string, cause: Error): EngineError =>
  cause instanceof EngineError
    ? new EngineError(cause.code, `${target(call, authority)}: ${cause.message}`, { cause })
    : new EngineError("NODE_UNREACHABLE", `${target(call, authority)}: ${reason(cause)}`, {
        cause,
      });

/** A connection to a name with several addresses fails with all their errors and an empty message. */
const reason = (error: Error): string =>
  error.message === "" && error instanceof AggregateError
    ? error.errors.map((one) => String(one instanceof Error ? one.message : one)).join("; ")
    : error.message;
