/** One call in which messages stream. */
import type { Deadline } from "../deadlines.ts";
import { asEngineError, EngineError, type GrpcStatus } from "../errors.ts";
import { type Inbox, makeInbox } from "../grpc/inbox.ts";
import { sendMessage } from "../grpc/messages.ts";
import { grpcCodes } from "../grpc-status.ts";
import { attach } from "../http2/send.ts";
import type { StreamEvents as Http2Events, Stream } from "../http2/types.ts";
import { cancel, makeScope, type Scope } from "../scope.ts";
import { sendHead, sendOnlyStatus, sendStatus } from "./grpc-answer.ts";
import type { CallStream, DuplexHandler, ServerStreamHandler, StreamEvents } from "./grpc-call.ts";
import { clientDeadline, clientGone, statusOf } from "./grpc-errors.ts";
import type { Head } from "./grpc-head.ts";
import type { CallMeans, Opened } from "./grpc-unary.ts";

type Call = {
  readonly stream: Stream;
  readonly head: Head;
  readonly means: CallMeans;
  readonly scope: Scope;
  readonly inbox: Inbox;
  events: StreamEvents | undefined;
  readonly deadlineAt: number | undefined;
  deadline: Deadline | undefined;
  begun: boolean;
  over: boolean;
};

/** `stopping` ends when the server drains. */
export const takeDuplex = (
  { stream, head, end }: Opened,
  handler: DuplexHandler,
  { means, stopping }: { readonly means: CallMeans; readonly stopping: Scope },
): void => {
  const { maxMessageBytes: limitBytes, maxUnpackedBytes } = means;
  const left = typeof head.timeoutMs === "number" ? head.timeoutMs : undefined;
  const call: Call = {
    stream,
    head,
    means,
    scope: makeScope(),
    inbox: makeInbox(() => stream, {
      limitBytes,
      maxUnpackedBytes,
      message: (body) => guarded(call, () => call.events?.message(body)),
      end: (fault) => {
        if (fault !== undefined) close(call, fault);
        else guarded(call, () => call.events?.end());
      },
    }),
    events: undefined,
    deadlineAt: left === undefined ? undefined : Date.now() + left,
    deadline: undefined,
    begun: false,
    over: false,
  };
  attach(stream, http2Events, call);
  if (left !== undefined) call.deadline = means.deadlines.set(left, () => expire(call));
  guarded(call, () => {
    call.events = handler(faceOf(call), stopping);
  });
  if (end) finish(call);
};

const http2Events: Http2Events<Call> = {
  fields: (call, _fields, end) => {
    if (end) finish(call);
  },
  data: (call, chunk, end) => {
    if (!call.over) call.inbox.read(chunk, call.head.coding);
    if (end) finish(call);
  },
  broken: (call, { reason }) => {
    if (call.over) return;
    settle(call);
    cancel(call.scope, clientGone(reason, call.deadlineAt));
  },
  room: (call) => {
    if (!call.over) guarded(call, () => call.events?.room?.());
  },
};

const finish = (call: Call): void => {
  if (!call.over) call.inbox.finish();
};

/** What a handler throws is the status of the call. */
const guarded = (call: Call, act: () => void): void => {
  try {
    act();
  } catch (thrown) {
    close(call, statusOf(asEngineError(thrown)));
  }
};

const faceOf = (call: Call): CallStream => ({
  head: call.head,
  deadlineAt: call.deadlineAt,
  scope: call.scope,
  begin: (initial) => {
    if (call.begun || call.over) return;
    call.begun = true;
    sendHead(call.stream, initial);
  },
  send: (message) => {
    const { maxMessageBytes } = call.means;
    if (call.over) return true;
    if (message.length > maxMessageBytes) {
      const details = `an answer of ${message.length} bytes is larger than ${maxMessageBytes} bytes`;
      close(call, { code: grpcCodes.RESOURCE_EXHAUSTED, details });
      return true;
    }
    if (!call.begun) sendHead(call.stream);
    call.begun = true;
    return sendMessage(call.stream, message, false);
  },
  end: (error) =>
    close(call, error === undefined ? { code: grpcCodes.OK, details: "" } : statusOf(error)),
  pause: () => call.inbox.pause(),
  resume: () => call.inbox.resume(),
});

const settle = (call: Call): void => {
  call.over = true;
  call.inbox.drop();
  if (call.deadline !== undefined) call.means.deadlines.clear(call.deadline);
};

const close = (call: Call, status: GrpcStatus): void => {
  if (call.over) return;
  settle(call);
  if (call.begun) sendStatus(call.stream, status);
  else sendOnlyStatus(call.stream, status);
};

const expire = (call: Call): void => {
  const error = clientDeadline();
  cancel(call.scope, error);
  close(call, statusOf(error));
};

/** A handler of one request as one of a stream of them. */
export const ofOneRequest =
  (handler: ServerStreamHandler): DuplexHandler =>
  (call, stopping) => {
    let request: Buffer | undefined;
    const unimplemented = (why: string): void => call.end(new EngineError("RPC_NOT_OFFERED", why));
    return {
      message: (body) => {
        if (request !== undefined) unimplemented("the call has a second message");
        else request = body;
      },
      end: () => {
        if (request === undefined) unimplemented("the call has no message");
        else handler(request, call, stopping);
      },
    };
  };
