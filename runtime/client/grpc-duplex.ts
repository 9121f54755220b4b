/** A call to a node in which messages go both ways. */
import type { Deadline } from "../deadlines.ts";
import type { EngineError, GrpcStatus } from "../errors.ts";
import { fieldOf } from "../grpc/fields.ts";
import { type Inbox, makeInbox } from "../grpc/inbox.ts";
import { sendMessage } from "../grpc/messages.ts";
import { faultOfHead, statusIn } from "../grpc/status.ts";
import { grpcCodes } from "../grpc-status.ts";
import { errorCodes } from "../http2/error-codes.ts";
import { attach, reset, sendData } from "../http2/send.ts";
import type { Fields, Stream, StreamEvents } from "../http2/types.ts";
import {
  brokenError,
  type ClientMeans,
  ownFields,
  statusError,
  timedOut,
  whenLinked,
} from "./grpc-call.ts";
import type { Link } from "./grpc-endpoint.ts";

export type DuplexAsk = {
  readonly rpc: string;
  readonly metadata: Fields;
  /** For the whole call, told to the node; undefined means no limit. */
  readonly timeoutMs: number | undefined;
};

/** What is heard of the node. */
export type NodeStreamEvents = {
  message(body: Buffer): void;
  /** The call is over; without an error its status is OK. Nothing follows. */
  end(error: EngineError | undefined): void;
  room(): void;
};

export type NodeStream = {
  /** False: the node is behind; wait for `room` before more. */
  send(message: Buffer): boolean;
  /** No more messages are sent. */
  end(): void;
  /** Gives the call up; nothing more is heard of it. */
  cancel(): void;
  /** Nothing is heard between them but the end, and no more is taken from the node than one window. */
  pause(): void;
  resume(): void;
};

type Call = {
  readonly means: ClientMeans;
  readonly ask: DuplexAsk;
  readonly heard: NodeStreamEvents;
  readonly inbox: Inbox;
  stream: Stream | undefined;
  head: Fields | undefined;
  /** Why the head is not one of gRPC. */
  headFault: GrpcStatus | undefined;
  trailers: Fields | undefined;
  /** Sent before there was a connection. */
  early: Buffer[];
  ended: boolean;
  over: boolean;
  deadline: Deadline | undefined;
  leave: (() => void) | undefined;
};

const nothing = Buffer.alloc(0);
const noStatus: GrpcStatus = {
  code: grpcCodes.UNKNOWN,
  details: "the node's answer has no status",
};

export const openDuplex = (
  means: ClientMeans,
  ask: DuplexAsk,
  heard: NodeStreamEvents,
): NodeStream => {
  const { maxMessageBytes: limitBytes } = means;
  const call: Call = {
    means,
    ask,
    heard,
    inbox: makeInbox(() => call.stream, {
      limitBytes,
      maxUnpackedBytes: limitBytes,
      message: (body) => heard.message(body),
      end: (fault) => {
        if (fault !== undefined) abandon(call, statusError(fault));
        else conclude(call);
      },
    }),
    stream: undefined,
    head: undefined,
    headFault: undefined,
    trailers: undefined,
    early: [],
    ended: false,
    over: false,
    deadline: undefined,
    leave: undefined,
  };
  if (ask.timeoutMs !== undefined) {
    const { timeoutMs } = ask;
    const expire = (): void => abandon(call, timedOut(means, timeoutMs));
    call.deadline = means.deadlines.set(timeoutMs, expire);
  }
  queueMicrotask(() => begin(call)); // what is heard is heard after this has returned
  return faceOf(call);
};

const faceOf = (call: Call): NodeStream => ({
  send: (message) => {
    if (call.over) return true;
    const { maxMessageBytes } = call.means;
    if (message.length > maxMessageBytes) {
      const details = `a message of ${message.length} bytes is larger than ${maxMessageBytes} bytes`;
      abandon(call, statusError({ code: grpcCodes.RESOURCE_EXHAUSTED, details }));
      return true;
    }
    if (call.stream !== undefined) return sendMessage(call.stream, message, false);
    call.early.push(message);
    return false;
  },
  end: () => {
    call.ended = true;
    if (call.stream !== undefined) sendData(call.stream, nothing, true);
  },
  cancel: () => {
    if (call.over) return;
    drop(call);
    settle(call);
  },
  pause: () => call.inbox.pause(),
  resume: () => call.inbox.resume(),
});

const begin = (call: Call): void => {
  if (!call.over) whenLinked(call, send, fail);
};

const send = (call: Call, link: Link): void => {
  const { ask, means } = call;
  const stream = link.http2.open(
    ownFields(ask.metadata, ask.timeoutMs),
    false,
    means.headOf(ask.rpc),
  );
  if (stream === undefined) {
    begin(call); // the last room went to another call
    return;
  }
  call.stream = stream;
  attach(stream, events, call);
  let isRoom = true;
  for (const message of call.early.splice(0)) isRoom = sendMessage(stream, message, false);
  if (call.ended) sendData(stream, nothing, true);
  else if (isRoom) call.heard.room();
};

const events: StreamEvents<Call> = {
  fields: (call, fields, end) => {
    if (call.over) return;
    if (call.head === undefined) {
      call.head = fields;
      call.headFault = faultOfHead(fields);
    }
    if (!end) return;
    call.trailers = fields;
    call.inbox.finish();
  },
  data: (call, chunk, end) => {
    if (call.over) return;
    const { head = [], headFault } = call;
    if (headFault === undefined) call.inbox.read(chunk, fieldOf(head, "grpc-encoding"));
    if (end && !call.over) call.inbox.finish();
  },
  broken: (call, fault) => {
    if (call.over) return;
    call.stream = undefined;
    fail(call, brokenError(call.means, fault));
  },
  room: (call) => {
    if (!call.over) call.heard.room();
  },
};

/** The node's messages are read to the end. */
const conclude = (call: Call): void => {
  const status = statusIn(call.trailers ?? []) ?? call.headFault ?? noStatus;
  if (!call.ended) drop(call); // who has answered reads no more
  if (status.code !== grpcCodes.OK) fail(call, statusError(status));
  else {
    settle(call);
    call.heard.end(undefined);
  }
};

const drop = (call: Call): void => {
  call.leave?.();
  if (call.stream !== undefined) reset(call.stream, errorCodes.CANCEL);
};

const abandon = (call: Call, error: EngineError): void => {
  if (call.over) return;
  drop(call);
  fail(call, error);
};

const settle = (call: Call): void => {
  call.over = true;
  call.inbox.drop();
  if (call.deadline !== undefined) call.means.deadlines.clear(call.deadline);
};

const fail = (call: Call, error: EngineError): void => {
  settle(call);
  call.heard.end(error);
};
