/** How long a plain connection is waited for. */
import { EngineError } from "../../errors.ts";
import type { Limits } from "../../limits.ts";
import { requestTimeoutMs } from "./edge.ts";
import { type Plain, type PlainShared, refusePlain } from "./plain.ts";

/** Looks at all connections at every tick. */
export const watchPlain = ({ all, ticks, edge }: PlainShared): void => {
  const { limits } = edge.options;
  const patience = {
    limits,
    idle: ticks.count(limits.idleTimeoutMs),
    head: ticks.count(limits.headerTimeoutMs),
    request: ticks.count(Math.max(requestTimeoutMs, limits.headerTimeoutMs)),
  };
  ticks.watch(() => {
    for (const plain of all) look(plain, ticks.now, patience);
  });
};

type Patience = {
  readonly limits: Limits;
  /** In ticks. */
  readonly idle: number;
  readonly head: number;
  readonly request: number;
};

const look = (plain: Plain, now: number, { limits, idle, head, request }: Patience): void => {
  watchReading(plain, limits.idleTimeoutMs);
  if (plain.working !== undefined || plain.timed) return;
  const silent = now - plain.touched > idle;
  const age = now - plain.since;
  if (plain.coming !== undefined) {
    if (silent) refusePlain(plain, bodyStopped(limits));
    else if (age > request) refusePlain(plain, bodyTooSlow());
    return;
  }
  if (silent) plain.socket.destroy();
  else if (age > head && (plain.held !== undefined || !plain.asked)) {
    refusePlain(plain, headTooSlow(limits));
  }
};

/** While a client has answers to read, the socket's own clock runs: it sees each byte that goes out. */
const watchReading = (plain: Plain, idleTimeoutMs: number): void => {
  const unread = plain.socket.writableLength > 0;
  if (unread === plain.timed) return;
  plain.timed = unread;
  plain.socket.setTimeout(unread ? idleTimeoutMs : 0);
};

export const bodyStopped = ({ idleTimeoutMs }: Limits): EngineError =>
  new EngineError(
    "REQUEST_TOO_SLOW",
    `no byte of the request's body came for ${idleTimeoutMs} ms (--idle_timeout)`,
  );

export const bodyTooSlow = (): EngineError =>
  new EngineError("REQUEST_TOO_SLOW", "the request's body took too long to come");

export const headTooSlow = ({ headerTimeoutMs }: Limits): EngineError =>
  new EngineError(
    "REQUEST_TOO_SLOW",
    `the request's head did not come within ${headerTimeoutMs} ms (--header_timeout)`,
  );
