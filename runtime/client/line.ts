import type { Deadline } from "../deadlines.ts";
import type { Done } from "../done.ts";
import { EngineError } from "../errors.ts";
import { type Cancelled, offCancel, onCancel } from "../scope.ts";
import { type ConnectionOptions, connect } from "./connection.ts";
import type { HttpCall } from "./http.ts";
import type { HttpReply } from "./reply-reader.ts";

/** A call under way, and what is told of it. */
export type Sending = {
  readonly call: HttpCall;
  readonly done: Done<HttpReply>;
  /** On the clock of `performance.now()`. */
  readonly endsAt: number;
  /** How often it was sent before. */
  readonly repeats: number;
};

/**
 * A connection and the call on it, with the call's deadline and scope. What a call needs is made
 * here once for all calls that follow one another.
 */
export type Line = {
  /** Not to be called while another call is on it. */
  send(sending: Sending): void;
  usable(): boolean;
  idleSince(): number;
  destroy(): void;
};

export type LineOptions = ConnectionOptions & {
  readonly authority: string;
  /** The line is free for another call. It is called before the caller hears of the answer. */
  readonly keep: (line: Line) => void;
  /** The request was seen by no one. */
  readonly repeat: (sending: Sending) => void;
};

export const makeLine = (options: LineOptions): Line => {
  const { authority, deadlines, keep, repeat } = options;
  let current: Sending | undefined;
  let deadline: Deadline | undefined;

  const settle = (): Sending | undefined => {
    const sending = current;
    current = undefined;
    if (sending !== undefined) offCancel(sending.call.scope, giveUp);
    if (deadline !== undefined) deadlines.clear(deadline);
    deadline = undefined;
    return sending;
  };
  const giveUp: Cancelled = (reason) => {
    const sending = settle();
    connection.destroy();
    sending?.done(reason, undefined);
  };
  const expire = (): void => {
    if (current !== undefined) giveUp(timedOut(current.call, authority));
  };

  const connection = connect(options, {
    finished: ({ reply, reusable }) => {
      const sending = settle();
      if (reusable) keep(line);
      else connection.destroy();
      sending?.done(undefined, reply);
    },
    failed: (error, unseen) => {
      const sending = settle();
      if (sending === undefined) return;
      if (unseen && sending.repeats < mostRepeats) repeat(sending);
      else sending.done(unreachable(sending.call, authority, error), undefined);
    },
  });

  const line: Line = {
    send: (sending) => {
      const { call, endsAt, repeats } = sending;
      current = sending;
      if (call.timeoutMs > 0) {
        const leftMs = repeats === 0 ? call.timeoutMs : endsAt - performance.now();
        deadline = deadlines.set(leftMs, expire);
      }
      connection.exchange(requestHead(call, authority), call.body);
      onCancel(call.scope, giveUp);
    },
    usable: connection.usable,
    idleSince: connection.idleSince,
    destroy: connection.destroy,
  };
  return line;
};

/** Once for a kept connection that was closed, once for addresses that were out of date. */
const mostRepeats = 2;

const requestHead = (call: HttpCall, authority: string): string => {
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
