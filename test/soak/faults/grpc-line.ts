/** One gRPC connection by hand: many calls at a time, each answer compared as it comes. */
import { makeFieldReader } from "../../bench/h2/fields.ts";
import { type Frame, flag, types } from "../../bench/h2/frames.ts";
import { type Blocks, requestBlocks } from "../../bench/h2/grpc.ts";
import { literal } from "../../bench/h2/hpack.ts";
import { connectInto, makePeer } from "../../bench/h2/peer.ts";
import type { Asked } from "./judge.ts";

export type Call = {
  readonly asked: Asked;
  /** What is sent, and has to come back: with gRPC's five bytes before it. */
  readonly message: Buffer;
  /** Bytes of an answer so far. */
  got: number;
  /** Where they differ from the message: how they go on there. */
  odd: string | undefined;
  /** Of the head of the answer. */
  id: string | undefined;
  httpStatus: string | undefined;
};

export type Over = { readonly code: number; readonly details: string };

export type Line = {
  /** Sends the call, now or as soon as the other end allows. */
  begin(call: Call): void;
  cancel(call: Call): void;
  /** False once it takes no more calls. */
  isOpen(): boolean;
  close(): void;
};

export type LineOptions = {
  readonly port: number;
  readonly path: string;
  readonly deadlineMs: number;
  /** The message is not read any more. */
  readonly onOver: (call: Call, over: Over) => void;
  /** The other end has said that it did not look at this call. */
  readonly onUnseen: (call: Call) => void;
};

/** Source: gRPC status codes. */
const codes = { unknown: 2, internal: 13, unavailable: 14 } as const;
/** What a reset means. Source: gRPC over HTTP/2, errors. */
const resetCodes: Readonly<Record<number, number>> = { 8: 1, 11: 8, 12: 7 };
/** Source: RFC 9113, 7. */
const refusedStream = 7;
const oddBytes = 300;

/** All connections read into this buffer in turn. */
const readBuffer = Buffer.allocUnsafeSlow(262_144);

const wanted = [":status", "seldon-puid", "grpc-status", "grpc-message"];

/** Compares what has come with what was sent; from the first difference on nothing can be right. */
const take = (call: Call, { bytes, from, to }: Frame): void => {
  const { message, got } = call;
  call.got += to - from;
  if (call.odd !== undefined) return;
  if (call.got <= message.length && message.compare(bytes, from, to, got, call.got) === 0) return;
  call.odd = bytes.toString("latin1", from, Math.min(to, from + oddBytes));
};

export const makeLine = (options: LineOptions): Line => {
  const { port, path, deadlineMs, onOver, onUnseen } = options;
  const calls = new Map<number, Call>();
  const queue: Call[] = [];
  const cancelled = new Set<number>();
  const readFields = makeFieldReader(wanted);
  let blocks: Blocks | undefined;
  let next = 1;
  let isOpen = true;
  let why = "the connection has ended";

  const end = (stream: number, over: Over): void => {
    const call = calls.get(stream);
    if (call === undefined) return;
    calls.delete(stream);
    peer.forget(stream); // it may be answered before it was read to its end
    onOver(call, over);
    sendMore();
  };

  /** Reads a block of fields; answers how the call has ended, if the block says so. */
  const onHeaders = ({ bytes, from, to, flags }: Frame, call: Call | undefined): Over => {
    // All blocks are read, whosever they are: they are what the table of fields is made of.
    const [httpStatus, id, status, message] = readFields(bytes, from, to);
    const ends = (flags & flag.endStream) !== 0;
    if (call !== undefined && call.httpStatus === undefined) {
      call.httpStatus = httpStatus;
      if (!ends) call.id = id;
    }
    if (status === undefined || call?.httpStatus !== "200") {
      return { code: codes.unknown, details: `HTTP ${call?.httpStatus}, no status of gRPC` };
    }
    return { code: Number(status), details: message ?? "" };
  };

  const onReset = (stream: number, code: number): void => {
    const call = calls.get(stream);
    if (code !== refusedStream || call === undefined) {
      end(stream, { code: resetCodes[code] ?? codes.internal, details: `reset with ${code}` });
      return;
    }
    calls.delete(stream);
    peer.forget(stream);
    onUnseen(call);
  };

  const onGoAway = (last: number): void => {
    isOpen = false;
    const unseen = queue.splice(0);
    for (const [stream, call] of calls) {
      if (stream <= last) continue;
      calls.delete(stream);
      peer.forget(stream);
      unseen.push(call);
    }
    for (const call of unseen) onUnseen(call);
    if (calls.size === 0) socket.end();
  };

  const onFrame = (frame: Frame): void => {
    const { type, stream, bytes, from } = frame;
    if (type === types.goAway) onGoAway(bytes.readUInt32BE(from) & 0x7fff_ffff);
    else if (type === types.reset) onReset(stream, bytes.readUInt32BE(from));
    else if (type === types.headers || type === types.data) onAnswer(frame);
  };

  const onAnswer = (frame: Frame): void => {
    const { type, flags, stream } = frame;
    const call = calls.get(stream);
    if (call === undefined && !cancelled.has(stream) && isOpen)
      throw new Error(`a frame of stream ${stream}, on which nothing is asked`);
    const over = type === types.headers ? onHeaders(frame, call) : noStatus;
    if (type === types.data && call !== undefined) take(call, frame);
    if ((flags & flag.endStream) === 0) return;
    end(stream, over);
  };

  const sendMore = (): void => {
    if (blocks === undefined) return;
    while (isOpen && queue.length > 0 && calls.size < peer.mostStreams()) {
      const call = queue.shift();
      if (call !== undefined) send(call, blocks);
    }
    if (!isOpen && calls.size === 0) socket.end();
  };

  const send = (call: Call, { first, next: later }: Blocks): void => {
    const stream = next;
    next += 2;
    calls.set(stream, call);
    const id = literal("seldon-puid", call.asked.id, false);
    peer.headers(stream, Buffer.concat([stream === 1 ? first : later, id]), false);
    peer.open(stream);
    peer.send(stream, call.message);
  };

  const socket = connectInto(readBuffer, port, (bytes) => peer.read(bytes));
  const peer = makePeer({
    socket,
    isClient: true,
    onFrame,
    onReady: () => {
      const timeout = `${deadlineMs}m`;
      const head = { path, authority: `127.0.0.1:${port}`, userAgent: "soak/1", timeout };
      blocks = requestBlocks(head, peer.mayIndex());
      sendMore();
    },
    onSent: () => {},
  });
  socket.on("error", ({ message }) => {
    why = message;
  });
  socket.on("close", () => {
    isOpen = false;
    const left = [...calls.values(), ...queue.splice(0)];
    calls.clear();
    for (const call of left) onOver(call, { code: codes.unavailable, details: why });
  });
  return {
    begin: (call) => {
      queue.push(call);
      sendMore();
    },
    cancel: (call) => {
      const waits = queue.indexOf(call);
      if (waits >= 0) queue.splice(waits, 1);
      for (const [stream, one] of calls) {
        if (one !== call) continue;
        calls.delete(stream);
        cancelled.add(stream);
        peer.cancel(stream);
      }
    },
    isOpen: () => isOpen && !socket.destroyed,
    close: () => {
      isOpen = false;
      calls.clear();
      queue.length = 0;
      socket.destroy();
    },
  };
};

const noStatus: Over = { code: codes.unknown, details: "the answer ended without trailers" };
