/**
 * A connection that asks plainly: one request after the other, each with a plain head and a body of
 * known length. Whatever is not plain makes it leave: with all that was not acted on, it goes to
 * Node's own parser, and stays there.
 *
 * One record a connection, and per request only what the request is made of
 * (docs/decisions/0011-plain-http.md).
 */
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { adopt } from "../../adopt.ts";
import { takeBody } from "../../body-pool.ts";
import { EngineError } from "../../errors.ts";
import { cancel, makeScope } from "../../scope.ts";
import type { HttpRequest, Respond } from "../http.ts";
import { refuse } from "../refuse.ts";
import { respond } from "./answer.ts";
import type { WriteHead } from "./answer-head.ts";
import { type Coming, fill, isWhole, startBody } from "./coming.ts";
import { type Edge, failureOf, refusalOf, shortBytes } from "./edge.ts";
import { type Head, readHead } from "./head.ts";
import type { Member } from "./members.ts";
import type { Ticks } from "./ticks.ts";

/** What the plain connections of one listener share. */
export type PlainShared = {
  readonly edge: Edge;
  readonly ticks: Ticks;
  readonly writeHead: WriteHead;
  /** Those that are here. */
  readonly all: Set<Plain>;
  /** Takes over a connection; the first `unread` bytes that it will read have been here. */
  readonly leave: (socket: Socket, unread: number) => void;
};

export type Plain = Member & {
  readonly socket: Socket;
  readonly shared: PlainShared;
  /** The client's address. */
  readonly peer: string | undefined;
  /** What was listened to, to stop it. */
  listeners: readonly (readonly [event: string, listener: (...args: never[]) => void])[];
  /** What came and was not acted on: the beginning of a head, or what follows a request in work. */
  held: Buffer | undefined;
  /** In how many pieces that came. */
  pieces: number;
  /** The request whose body is coming. */
  coming: Coming | undefined;
  /** The request whose answer is not yet out. */
  working: HttpRequest | undefined;
  answered: boolean;
  /** Nothing is read after the request in work. */
  last: boolean;
  /** A body that is passed on in parts. */
  parts: Writable | undefined;
  /** Waits until the socket takes more. */
  onDrain: (() => void) | undefined;
  /** A request has come whole. */
  asked: boolean;
  /** It has been told why nothing is read any more. */
  refused: boolean;
  paused: boolean;
  /** What comes is a view, which does not last. */
  readonly isView: boolean;
  /** Somebody else reads the connection now. */
  isReleased: boolean;
  /** The socket looks itself whether the client reads. */
  timed: boolean;
  /** The tick at which the request that is coming began, and that of its last byte. */
  since: number;
  touched: number;
};

/** A head in more pieces goes to a parser that does not begin anew with each. */
const mostPieces = 4;
/** As much is held while a request is in work before reading stops. */
const mostHeld = { bytes: 65_536, pieces: 16 };
const nothing = Buffer.alloc(0);

/** `adoptable`: nothing was read from it. */
export const openPlain = (given: Socket, shared: PlainShared, adoptable: boolean): Plain => {
  const adopted = adoptable
    ? adopt(given, (bytes) => {
        if (plain.isReleased) return false;
        onData(plain, bytes);
        return true;
      })
    : undefined;
  const socket = adopted ?? given;
  const { now } = shared.ticks;
  const plain: Plain = {
    isBusy: () => plain.working !== undefined || plain.coming !== undefined || plain.refused,
    isIdle: () => plain.asked && plain.held === undefined,
    socket,
    shared,
    peer: socket.remoteAddress,
    listeners: [],
    held: undefined,
    pieces: 0,
    coming: undefined,
    working: undefined,
    answered: false,
    isView: adopted !== undefined,
    isReleased: false,
    last: false,
    parts: undefined,
    onDrain: undefined,
    asked: false,
    refused: false,
    paused: false,
    timed: false,
    since: now,
    touched: now,
  };
  plain.listeners = [
    ["data", (bytes: Buffer) => onData(plain, bytes)],
    ["end", () => onEnd(plain)],
    ["drain", () => onDrain(plain)],
    ["timeout", () => void (socket.writableLength > 0 && socket.destroy())],
    ["error", () => {}], // "close" follows
    ["close", () => onClose(plain)],
  ];
  for (const [event, listener] of plain.listeners) socket.on(event, listener as () => void); // what net.Socket emits
  shared.all.add(plain);
  return plain;
};

const onData = (plain: Plain, bytes: Buffer): void => {
  const { coming, held, shared } = plain;
  plain.touched = shared.ticks.now;
  if (plain.working !== undefined) holdBack(plain, bytes);
  else if (coming !== undefined) continueBody(plain, coming, bytes);
  else if (held !== undefined) take(plain, Buffer.concat([held, bytes]));
  else {
    if (plain.asked) plain.since = plain.touched;
    take(plain, bytes);
  }
};

/** The bytes in memory of their own. */
const lasting = ({ isView }: Plain, bytes: Buffer): Buffer => {
  if (!isView) return bytes;
  const copy = takeBody(bytes.length);
  bytes.copy(copy);
  return copy;
};

/** What comes beside a request in work waits, so that answers keep their order. */
const holdBack = (plain: Plain, bytes: Buffer): void => {
  const { held, socket } = plain;
  if (plain.last) return;
  plain.held = held === undefined ? lasting(plain, bytes) : Buffer.concat([held, bytes]);
  plain.pieces += 1;
  plain.paused = plain.pieces >= mostHeld.pieces || plain.held.length >= mostHeld.bytes;
  if (plain.paused) socket.pause();
};

/** Acts on bytes that begin with a head. */
const take = (plain: Plain, bytes: Buffer): void => {
  const { limits } = plain.shared.edge.options;
  const head = readHead(bytes, limits.maxHeaderBytes);
  if (head === "partial") hold(plain, bytes);
  else if (head === "odd" || head.bodyBytes > limits.maxBodyBytes) leave(plain, bytes);
  else {
    const missing = head.bodyAt + head.bodyBytes - bytes.length;
    if (missing >= 0) begin(plain, head, { bytes, missing });
    else leave(plain, bytes); // requests in one go: there they are worked on at once
  }
};

/** What has come of one request: its head and all or the beginning of its body. */
type Come = { readonly bytes: Buffer; readonly missing: number };

const begin = (plain: Plain, head: Head, { bytes, missing }: Come): void => {
  const { edge } = plain.shared;
  edge.inWork += 1;
  const refusal = refusalOf(edge, head.target);
  if (refusal !== undefined && missing > 0 && head.bodyBytes > shortBytes) {
    edge.inWork -= 1; // it is counted and refused there
    leave(plain, bytes);
    return;
  }
  plain.held = undefined;
  plain.pieces = 0;
  if (missing > 0) {
    plain.coming = startBody(head, refusal);
    fill(plain.coming, bytes, head.bodyAt);
    return;
  }
  const body = head.bodyBytes === 0 ? nothing : lasting(plain, bytes.subarray(head.bodyAt));
  work(plain, { head, body, refusal });
};

const hold = (plain: Plain, bytes: Buffer): void => {
  plain.held = lasting(plain, bytes);
  plain.pieces += 1;
  if (plain.pieces > mostPieces) leave(plain, bytes);
};

const continueBody = (plain: Plain, coming: Coming, bytes: Buffer): void => {
  const end = fill(coming, bytes, 0);
  if (!isWhole(coming)) return;
  plain.coming = undefined;
  if (end < bytes.length && !coming.head.last) plain.held = lasting(plain, bytes.subarray(end));
  work(plain, coming);
};

const work = (plain: Plain, { head, body, refusal }: Omit<Coming, "received">): void => {
  const { peer, shared } = plain;
  const { method, target, headers, last } = head;
  const { edge } = shared;
  const request = { method, target, headers, body, peer, scope: makeScope() };
  plain.working = request;
  plain.answered = false;
  plain.last = last;
  plain.asked = true;
  const answer: Respond = (one) => respond(plain, request, one, goOn);
  try {
    if (refusal === undefined) edge.options.handler(request, answer);
    else answer(failureOf(edge, refusal));
  } catch (thrown) {
    answer(failureOf(edge, thrown));
  }
};

/** The answer is out. */
const goOn = (plain: Plain): void => {
  const { shared, socket, held } = plain;
  const { edge, ticks } = shared;
  plain.working = undefined;
  edge.inWork -= 1;
  plain.since = ticks.now;
  plain.touched = ticks.now;
  if (edge.draining) {
    socket.destroySoon();
    return;
  }
  if (plain.paused) {
    plain.paused = false;
    socket.resume();
  }
  if (held === undefined) return;
  plain.held = undefined;
  plain.pieces = 0;
  take(plain, held);
};

const onDrain = (plain: Plain): void => {
  const { onDrain: wake } = plain;
  plain.onDrain = undefined;
  wake?.();
};

/** The client sends nothing more: whoever stops in the middle of a request is told so. */
const onEnd = (plain: Plain): void => {
  const { working, held, coming, socket } = plain;
  if (working !== undefined || (held === undefined && coming === undefined)) socket.end();
  else
    refusePlain(plain, new EngineError("REQUEST_INVALID", "malformed HTTP request: it is cut off"));
};

const onClose = (plain: Plain): void => {
  const { working, answered, parts } = plain;
  release(plain);
  parts?.destroy();
  if (working !== undefined && !answered) {
    cancel(working.scope, new EngineError("CLIENT_GONE", "the client closed the connection"));
  }
};

/** Hands the connection over with all that was not acted on. */
const leave = (plain: Plain, bytes: Buffer): void => {
  const { socket, shared } = plain;
  release(plain);
  socket.unshift(lasting(plain, bytes));
  shared.leave(socket, bytes.length);
};

/** Says why no request is read any more, and closes. */
export const refusePlain = (plain: Plain, error: EngineError): void => {
  const { socket, shared } = plain;
  release(plain);
  plain.refused = true;
  refuse(socket, failureOf(shared.edge, error));
};

/** Nothing that happens to the connection is ours any more. */
const release = (plain: Plain): void => {
  const { socket, shared, working, coming, timed, listeners } = plain;
  if (working !== undefined || coming !== undefined) shared.edge.inWork -= 1;
  plain.working = undefined;
  plain.coming = undefined;
  plain.isReleased = true;
  shared.all.delete(plain);
  if (timed) socket.setTimeout(0);
  for (const [event, listener] of listeners) socket.off(event, listener as () => void); // as it was put on
};
