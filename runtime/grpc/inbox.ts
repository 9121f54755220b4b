/**
 * Messages of a stream on their way to who reads them: in their order, unpacked, one at a time
 * where that is wished. What waits here is bounded by the window of the stream, which is paused
 * meanwhile.
 */
import type { GrpcStatus } from "../errors.ts";
import { grpcCodes } from "../grpc-status.ts";
import { pause, resume } from "../http2/send.ts";
import type { Stream } from "../http2/types.ts";
import { unpack } from "./coding.ts";
import { isAmidst, makeReader, readOn } from "./messages.ts";

export type InboxOptions = {
  readonly limitBytes: number;
  readonly maxUnpackedBytes: number;
  message(body: Buffer): void;
  /** All messages before are read; with a fault, of the stream's bytes, nothing more is. */
  end(fault: GrpcStatus | undefined): void;
};

export type Inbox = {
  /** `coding` is that of packed messages. */
  read(chunk: Buffer, coding: string | undefined): void;
  /** Nothing more comes. */
  finish(): void;
  pause(): void;
  resume(): void;
  /** Nothing more is to be heard. */
  drop(): void;
};

type Waiting =
  | { readonly body: Buffer; readonly packed: boolean; readonly coding: string | undefined }
  | { readonly end: GrpcStatus | undefined };

/** `stream` tells the stream, once there is one. */
export const makeInbox = (stream: () => Stream | undefined, options: InboxOptions): Inbox => {
  const reader = makeReader(options.limitBytes);
  const waiting: Waiting[] = [];
  let isPaused = false;
  let isUnpacking = false;
  let isHeld = false;
  let isOver = false;

  /** The peer is held while something waits. */
  const hold = (): void => {
    const shall = isPaused || isUnpacking;
    const held = stream();
    if (held === undefined || shall === isHeld) return;
    isHeld = shall;
    if (shall) pause(held);
    else resume(held);
  };
  const end = (fault: GrpcStatus | undefined): void => {
    isOver = true;
    waiting.length = 0;
    options.end(fault);
  };
  const deliver = (): void => {
    while (!isPaused && !isUnpacking && !isOver) {
      const next = waiting.shift();
      if (next === undefined) break;
      if ("end" in next) end(next.end);
      else if (next.packed) open(next.body, next.coding);
      else options.message(next.body);
    }
    hold();
  };
  const open = (body: Buffer, coding: string | undefined): void => {
    isUnpacking = true;
    unpack(body, coding, options.maxUnpackedBytes, (fault, whole) => {
      isUnpacking = false;
      if (isOver) return;
      if (fault !== undefined) end(fault);
      else {
        waiting.unshift({ body: whole, packed: false, coding });
        deliver();
      }
    });
  };

  return {
    read: (chunk, coding) => {
      for (let at = 0; at < chunk.length && !isOver && reader.fault === undefined; ) {
        at = readOn(reader, chunk, at);
        if (reader.message === undefined) continue;
        waiting.push({ body: reader.message, packed: reader.packed, coding });
        reader.message = undefined;
      }
      if (reader.fault !== undefined) waiting.push({ end: reader.fault });
      deliver();
    },
    finish: () => {
      const details = "the stream ends within a message";
      waiting.push({ end: isAmidst(reader) ? { code: grpcCodes.INTERNAL, details } : undefined });
      deliver();
    },
    pause: () => {
      isPaused = true;
      hold();
    },
    resume: () => {
      isPaused = false;
      deliver();
    },
    drop: () => {
      isOver = true;
      waiting.length = 0;
    },
  };
};
