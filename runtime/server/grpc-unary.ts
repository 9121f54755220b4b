/** One call of one message: read, handled, answered. A record is made for each, and no closure but one. */
import { giveBack } from "../body-pool.ts";
import type { Deadline, Deadlines } from "../deadlines.ts";
import type { Done } from "../done.ts";
import { asEngineError, type GrpcStatus } from "../errors.ts";
import { unpack } from "../grpc/coding.ts";
import { isAmidst, makeReader, type Reader, readOn, sendMessage } from "../grpc/messages.ts";
import { grpcCodes } from "../grpc-status.ts";
import { attach } from "../http2/send.ts";
import type { Fault, Fields, Stream, StreamEvents } from "../http2/types.ts";
import { cancel, makeScope, type Scope } from "../scope.ts";
import { sendHead, sendOk, sendOnlyStatus, sendStatus } from "./grpc-answer.ts";
import type { GrpcAnswer, UnaryHandler } from "./grpc-call.ts";
import { clientDeadline, clientGone, statusOf } from "./grpc-errors.ts";
import type { Head } from "./grpc-head.ts";

/** What calls of one server have in common. */
export type CallMeans = {
  readonly deadlines: Deadlines;
  readonly maxMessageBytes: number;
  /** Largest message when it is unpacked. */
  readonly maxUnpackedBytes: number;
};

/** A `GrpcRequest` once its body has come. */
type Call = {
  readonly stream: Stream;
  readonly head: Head;
  readonly handler: UnaryHandler;
  readonly means: CallMeans;
  readonly deadlineAt: number | undefined;
  readonly scope: Scope;
  readonly reader: Reader;
  initial: Fields | undefined;
  lent: readonly Buffer[] | undefined;
  body: Buffer;
  /** The message has come. */
  has: boolean;
  packed: boolean;
  deadline: Deadline | undefined;
  /** Answered, or nobody waits for an answer. */
  over: boolean;
};

const nothing = Buffer.alloc(0);

/** A call as it comes. */
export type Opened = {
  readonly stream: Stream;
  readonly head: Head;
  /** It has nothing but its head. */
  readonly end: boolean;
};

export const takeUnary = (
  { stream, head, end }: Opened,
  handler: UnaryHandler,
  means: CallMeans,
): void => {
  const { timeoutMs } = head;
  const left = typeof timeoutMs === "number" ? timeoutMs : undefined;
  const call: Call = {
    stream,
    head,
    handler,
    means,
    deadlineAt: left === undefined ? undefined : Date.now() + left,
    scope: makeScope(),
    reader: makeReader(means.maxMessageBytes),
    initial: undefined,
    lent: undefined,
    body: nothing,
    has: false,
    packed: false,
    deadline: undefined,
    over: false,
  };
  attach(stream, events, call);
  if (left !== undefined) call.deadline = means.deadlines.set(left, () => expire(call));
  if (end) finish(call);
};

const events: StreamEvents<Call> = {
  /** Trailers of a client mean nothing. */
  fields: (call, _fields, end) => {
    if (end) finish(call);
  },
  data: (call, chunk, end) => {
    const { reader } = call;
    for (let at = 0; at < chunk.length && !call.over; ) {
      at = readOn(reader, chunk, at);
      if (reader.fault !== undefined) refuse(call, reader.fault);
      else if (reader.message !== undefined) keep(call, reader.message);
    }
    if (end) finish(call);
  },
  broken: (call, fault) => leave(call, fault),
};

const keep = (call: Call, message: Buffer): void => {
  call.reader.message = undefined;
  if (call.has) {
    refuse(call, { code: grpcCodes.UNIMPLEMENTED, details: "the call has a second message" });
    return;
  }
  call.has = true;
  call.body = message;
  call.packed = call.reader.packed;
};

const finish = (call: Call): void => {
  if (call.over) return;
  if (isAmidst(call.reader)) {
    refuse(call, { code: grpcCodes.INTERNAL, details: "the call ends within its message" });
  } else if (!call.has) {
    refuse(call, { code: grpcCodes.UNIMPLEMENTED, details: "the call has no message" });
  } else if (call.packed) {
    unpack(call.body, call.head.coding, call.means.maxUnpackedBytes, (fault, body) => {
      if (call.over) return;
      call.body = body;
      if (fault === undefined) handle(call);
      else refuse(call, fault);
    });
  } else handle(call);
};

const handle = (call: Call): void => {
  const done: Done<GrpcAnswer> = (error, answer) => {
    if (call.over) return;
    if (error === undefined) succeed(call, answer.body);
    else refuse(call, statusOf(error));
  };
  try {
    call.handler(call, done);
  } catch (thrown) {
    done(asEngineError(thrown), undefined);
  }
};

const succeed = (call: Call, body: Buffer): void => {
  const { maxMessageBytes } = call.means;
  if (body.length > maxMessageBytes) {
    const details = `an answer of ${body.length} bytes is larger than ${maxMessageBytes} bytes`;
    refuse(call, { code: grpcCodes.RESOURCE_EXHAUSTED, details });
    return;
  }
  close(call);
  sendHead(call.stream, call.initial);
  const hasLeft = sendMessage(call.stream, body, false);
  sendOk(call.stream);
  if (call.lent === undefined) return;
  if (hasLeft) giveAllBack(call);
  else attach(call.stream, leaving, call);
};

const giveAllBack = ({ body, lent = [] }: Call): void => {
  giveBack(body);
  for (const one of lent) giveBack(one);
};

/** The answer is on its way. */
const leaving: StreamEvents<Call> = { ...events, sent: giveAllBack };

/** Answers with a status alone. */
const refuse = (call: Call, status: GrpcStatus): void => {
  close(call);
  if (call.initial === undefined) sendOnlyStatus(call.stream, status);
  else {
    sendHead(call.stream, call.initial);
    sendStatus(call.stream, status);
  }
};

const close = (call: Call): void => {
  call.over = true;
  if (call.deadline !== undefined) call.means.deadlines.clear(call.deadline);
};

const expire = (call: Call): void => {
  if (call.over) return;
  const error = clientDeadline();
  cancel(call.scope, error);
  if (!call.over) refuse(call, statusOf(error));
};

const leave = (call: Call, { reason }: Fault): void => {
  if (call.over) return;
  close(call);
  cancel(call.scope, clientGone(reason, call.deadlineAt));
};
