/** One call of one message to a node. A record is made for each, and no closure but what ends it. */
import type { Deadline } from "../deadlines.ts";
import type { Done } from "../done.ts";
import type { EngineError, GrpcStatus } from "../errors.ts";
import { unpack } from "../grpc/coding.ts";
import { fieldOf } from "../grpc/fields.ts";
import { isAmidst, makeReader, type Reader, readOn, sendMessage } from "../grpc/messages.ts";
import { faultOfHead, statusIn } from "../grpc/status.ts";
import { grpcCodes } from "../grpc-status.ts";
import { errorCodes } from "../http2/error-codes.ts";
import { attach, hasSent, reset } from "../http2/send.ts";
import type { Fields, Stream, StreamEvents } from "../http2/types.ts";
import { type Cancelled, offCancel, onCancel, type Scope } from "../scope.ts";
import {
  brokenError,
  type ClientMeans,
  ownFields,
  statusError,
  timedOut,
  whenLinked,
} from "./grpc-call.ts";
import type { Link } from "./grpc-endpoint.ts";

export type GrpcAsk = {
  readonly rpc: string;
  readonly body: Buffer;
  readonly metadata: Fields;
  /** For the whole call, told to the node; undefined means no limit. */
  readonly timeoutMs: number | undefined;
  readonly scope: Scope;
};

type Call = {
  readonly means: ClientMeans;
  readonly ask: GrpcAsk;
  readonly done: Done<Buffer>;
  /** Of `performance.now()`; unused without a timeout. */
  readonly startedAt: number;
  stream: Stream | undefined;
  head: Fields | undefined;
  /** Why the head is not one of gRPC. */
  headFault: GrpcStatus | undefined;
  reader: Reader;
  message: Buffer | undefined;
  packed: boolean;
  /** Not the first attempt. */
  repeated: boolean;
  over: boolean;
  deadline: Deadline | undefined;
  giveUp: Cancelled | undefined;
  /** Gives up the place among calls that wait for a connection. */
  leave: (() => void) | undefined;
};

/** Never throws; `done` is called later, or at once when nothing can be sent. */
export const callUnary = (means: ClientMeans, ask: GrpcAsk, done: Done<Buffer>): void => {
  const { scope, body, timeoutMs } = ask;
  if (scope.reason !== undefined) {
    done(scope.reason, undefined);
    return;
  }
  if (body.length > means.maxMessageBytes) {
    const details = `a message of ${body.length} bytes is larger than ${means.maxMessageBytes} bytes`;
    done(statusError({ code: grpcCodes.RESOURCE_EXHAUSTED, details }), undefined);
    return;
  }
  if (timeoutMs !== undefined && timeoutMs <= 0) {
    done(timedOut(means, 0), undefined);
    return;
  }
  const call: Call = {
    means,
    ask,
    done,
    startedAt: timeoutMs === undefined ? 0 : performance.now(),
    stream: undefined,
    head: undefined,
    headFault: undefined,
    reader: makeReader(means.maxMessageBytes),
    message: undefined,
    packed: false,
    repeated: false,
    over: false,
    deadline: undefined,
    giveUp: undefined,
    leave: undefined,
  };
  call.giveUp = (reason) => abandon(call, reason);
  onCancel(scope, call.giveUp);
  if (timeoutMs !== undefined) {
    const expire = (): void => abandon(call, timedOut(means, timeoutMs));
    call.deadline = means.deadlines.set(timeoutMs, expire);
  }
  begin(call);
};

const begin = (call: Call): void => whenLinked(call, send, fail);

const send = (call: Call, link: Link): void => {
  const { ask, means } = call;
  const { timeoutMs } = ask;
  const left =
    timeoutMs === undefined ? undefined : timeoutMs - (performance.now() - call.startedAt);
  const fields = ownFields(ask.metadata, left);
  const stream = link.http2.open(fields, false, means.headOf(ask.rpc));
  if (stream === undefined) {
    begin(call); // the last room went to another call
    return;
  }
  call.stream = stream;
  attach(stream, events, call);
  sendMessage(stream, ask.body, true);
};

const events: StreamEvents<Call> = {
  fields: (call, fields, end) => {
    if (call.over) return;
    if (call.head === undefined) {
      call.head = fields;
      call.headFault = faultOfHead(fields);
    }
    if (end) conclude(call, fields);
  },
  data: (call, chunk, end) => {
    const { reader } = call;
    // A page of a web server holds no message.
    for (
      let at = call.headFault === undefined ? 0 : chunk.length;
      at < chunk.length && !call.over;
    ) {
      at = readOn(reader, chunk, at);
      if (reader.fault !== undefined) refuse(call, reader.fault);
      else if (reader.message !== undefined) keep(call, reader.message);
    }
    if (end && !call.over) conclude(call, undefined);
  },
  broken: (call, fault) => {
    if (call.over) return;
    call.stream = undefined;
    if (fault.unprocessed && !call.repeated) repeat(call);
    else fail(call, brokenError(call.means, fault));
  },
};

const repeat = (call: Call): void => {
  call.repeated = true;
  call.head = undefined;
  call.headFault = undefined;
  call.message = undefined;
  call.reader = makeReader(call.means.maxMessageBytes);
  begin(call);
};

const keep = (call: Call, message: Buffer): void => {
  call.reader.message = undefined;
  if (call.message !== undefined) {
    refuse(call, { code: grpcCodes.UNIMPLEMENTED, details: "the node answered with two messages" });
    return;
  }
  call.message = message;
  call.packed = call.reader.packed;
};

/** The answer has ended: by these fields, or without any. */
const conclude = (call: Call, trailers: Fields | undefined): void => {
  const status = statusOf(call, trailers);
  const { message, head = [] } = call;
  if (status.code !== grpcCodes.OK) fail(call, statusError(status));
  else if (isAmidst(call.reader) || message === undefined) {
    const what = message === undefined ? "without a message" : "within a message";
    fail(
      call,
      statusError({ code: grpcCodes.INTERNAL, details: `the node's answer ends ${what}` }),
    );
  } else if (!call.packed) succeed(call, message);
  else {
    const { maxMessageBytes } = call.means;
    unpack(message, fieldOf(head, "grpc-encoding"), maxMessageBytes, (fault, body) => {
      if (call.over) return;
      if (fault === undefined) succeed(call, body);
      else fail(call, statusError(fault));
    });
  }
};

const ok: GrpcStatus = { code: grpcCodes.OK, details: "" };
const noStatus: GrpcStatus = {
  code: grpcCodes.UNKNOWN,
  details: "the node's answer has no status",
};

const statusOf = ({ headFault }: Call, trailers: Fields = []): GrpcStatus => {
  // The one that is there almost always.
  if (trailers.length === 2 && trailers[0] === "grpc-status" && trailers[1] === "0") return ok;
  return statusIn(trailers) ?? headFault ?? noStatus;
};

/** The node need not go on. */
const refuse = (call: Call, status: GrpcStatus): void => abandon(call, statusError(status));

const abandon = (call: Call, reason: EngineError): void => {
  if (call.over) return;
  call.leave?.();
  if (call.stream !== undefined) reset(call.stream, errorCodes.CANCEL);
  fail(call, reason);
};

const settle = (call: Call): void => {
  call.over = true;
  if (call.giveUp !== undefined) offCancel(call.ask.scope, call.giveUp);
  if (call.deadline !== undefined) call.means.deadlines.clear(call.deadline);
};

/** Whoever asked may use the memory of its message again: what has not left of it never will. */
const succeed = (call: Call, body: Buffer): void => {
  settle(call);
  if (call.stream !== undefined && !hasSent(call.stream)) reset(call.stream, errorCodes.CANCEL);
  call.done(undefined, body);
};

const fail = (call: Call, error: EngineError): void => {
  settle(call);
  call.done(error, undefined);
};
