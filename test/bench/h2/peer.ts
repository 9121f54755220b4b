/**
 * One end of an HTTP/2 connection with one message each way a stream: frames out in one write a tick,
 * within the windows that the other end gives. Source: RFC 9113, sections 5.2, 6.5, 6.7 and 6.9.
 */
import { connect, type Socket } from "node:net";
import {
  type Frame,
  flag,
  frameOf,
  headBytes,
  largestPayload,
  makeFrameReader,
  preface,
  types,
  writeHead,
} from "./frames.ts";
import { usualTableBytes } from "./hpack.ts";

export type Peer = {
  /** To be called with all that the socket brings; not kept beyond the call. */
  read(bytes: Buffer): void;
  headers(stream: number, block: Buffer, end: boolean): void;
  /** From now on the other end may grant the stream room for its message. */
  open(stream: number): void;
  /** Sends a message, gRPC's five bytes before it, on an open stream, as fast as the windows allow. */
  send(stream: number, message: Buffer): void;
  forget(stream: number): void;
  /** Gives the stream up, and tells the other end. */
  cancel(stream: number): void;
  /** So many streams may a client have open at a time. */
  mostStreams(): number;
  /** False if the other end keeps no table of header fields. */
  mayIndex(): boolean;
};

/** Connects to a port of this machine. `buffer` is read into; connections may share it in turn. */
export const connectInto = (buffer: Buffer, port: number, read: (bytes: Buffer) => void): Socket =>
  connect({
    host: "127.0.0.1",
    port,
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        read(buffer.subarray(0, length));
        return true;
      },
    },
  });

export type PeerOptions = {
  readonly socket: Socket;
  readonly isClient: boolean;
  /** The first settings of the other end have come. */
  readonly onReady: () => void;
  /** Frames of data, headers, resets and the end of the connection. */
  readonly onFrame: (frame: Frame) => void;
  /** The last byte of the message has left. */
  readonly onSent: (stream: number) => void;
};

/** `message` is there once it is to be sent. */
type Sending = { window: number; sent: number; message: Buffer | undefined };

/** Source: RFC 9113, 6.5.2. */
const settingIds = { tableBytes: 1, push: 2, streams: 3, window: 4 } as const;
/** Source: RFC 9113, 7. */
const cancelled = 8;
const usualWindowBytes = 65_535;
/** What we grant: no message of the bench waits for our windows. */
const ownWindowBytes = 1 << 24;
const ownConnectionBytes = 1 << 30;

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const settings = (pairs: readonly (readonly [id: number, value: number])[]): Buffer =>
  frameOf(
    types.settings,
    0,
    0,
    Buffer.concat(pairs.map(([id, value]) => Buffer.concat([Buffer.from([0, id]), uint32(value)]))),
  );

const greeting = (isClient: boolean): Buffer =>
  Buffer.concat([
    ...(isClient ? [preface] : []),
    settings([
      [settingIds.window, ownWindowBytes],
      isClient ? [settingIds.push, 0] : [settingIds.streams, 1000],
    ]),
    frameOf(types.windowUpdate, 0, 0, uint32(ownConnectionBytes)),
  ]);

/** Buffers that no socket holds any more. */
const free: Buffer[] = [];
const outputBytes = 131_072;
const takeBuffer = (): Buffer => free.pop() ?? Buffer.allocUnsafeSlow(outputBytes);

/** Frames of one tick, written together. */
const makeOutput = (socket: Socket) => {
  let out = takeBuffer();
  let used = 0;
  const flush = (): void => {
    if (used === 0) return;
    if (used <= largestPayload) {
      socket.write(out.toString("latin1", 0, used), "latin1"); // the cheapest write there is
    } else {
      const full = out;
      socket.write(full.subarray(0, used), () => free.push(full));
      out = takeBuffer();
    }
    used = 0;
  };
  const room = (length: number): void => {
    if (used === 0) process.nextTick(flush);
    if (used + length > out.length) flush();
  };
  return {
    bytes: (bytes: Buffer): void => {
      room(bytes.length);
      used += bytes.copy(out, used);
    },
    frame: (head: Parameters<typeof writeHead>[2], from: Buffer, at: number): void => {
      room(headBytes + head.length);
      writeHead(out, used, head);
      used += headBytes;
      used += from.copy(out, used, at, at + head.length);
    },
  };
};

export const makePeer = (options: PeerOptions): Peer => {
  const { socket, isClient, onReady, onFrame, onSent } = options;
  const output = makeOutput(socket);
  const sendings = new Map<number, Sending>();
  let initialWindow = usualWindowBytes;
  let connectionWindow = usualWindowBytes;
  let tableBytes = usualTableBytes;
  let mostStreams = Number.POSITIVE_INFINITY; // unless the other end says
  let consumed = 0; // of the connection's window that we granted
  let ready = false;
  let missingPreface = isClient ? 0 : preface.length;

  const pump = (stream: number, sending: Sending): void => {
    const { message } = sending;
    if (message === undefined) return;
    while (sending.sent < message.length) {
      const left = message.length - sending.sent;
      const length = Math.min(left, largestPayload, connectionWindow, sending.window);
      if (length <= 0) return;
      const flags = isClient && length === left ? flag.endStream : 0;
      output.frame({ length, type: types.data, flags, stream }, message, sending.sent);
      sending.sent += length;
      sending.window -= length;
      connectionWindow -= length;
    }
    sendings.delete(stream);
    onSent(stream);
  };

  const pumpAll = (): void => {
    for (const [stream, sending] of sendings) pump(stream, sending);
  };

  const onSetting = (id: number, value: number): void => {
    if (id === settingIds.tableBytes) tableBytes = value;
    if (id === settingIds.streams) mostStreams = value;
    if (id !== settingIds.window) return;
    for (const sending of sendings.values()) sending.window += value - initialWindow;
    initialWindow = value;
  };

  const onSettings = ({ flags, bytes, from, to }: Frame): void => {
    if ((flags & flag.ack) !== 0) return;
    for (let at = from; at + 6 <= to; at += 6) {
      onSetting(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    }
    output.bytes(frameOf(types.settings, flag.ack, 0, Buffer.alloc(0)));
    if (!ready) onReady();
    ready = true;
    pumpAll();
  };

  const onWindowUpdate = ({ stream, bytes, from }: Frame): void => {
    const granted = bytes.readUInt32BE(from) & 0x7fff_ffff;
    if (stream === 0) {
      connectionWindow += granted;
      pumpAll();
      return;
    }
    const sending = sendings.get(stream);
    if (sending === undefined) return; // it has sent all
    sending.window += granted;
    pump(stream, sending);
  };

  const onData = (frame: Frame): void => {
    consumed += frame.length;
    if (consumed > ownConnectionBytes / 2) {
      output.bytes(frameOf(types.windowUpdate, 0, 0, uint32(consumed)));
      consumed = 0;
    }
    onFrame(frame);
  };

  const reader = makeFrameReader((frame) => {
    switch (frame.type) {
      case types.data:
        return onData(frame);
      case types.settings:
        return onSettings(frame);
      case types.windowUpdate:
        return onWindowUpdate(frame);
      case types.ping:
        if ((frame.flags & flag.ack) !== 0) return;
        return output.bytes(
          frameOf(types.ping, flag.ack, 0, frame.bytes.subarray(frame.from, frame.to)),
        );
      case types.headers:
        if ((frame.flags & flag.endHeaders) === 0) throw new Error("a header block in two frames");
        return onFrame(frame);
      default:
        return onFrame(frame);
    }
  });

  output.bytes(greeting(isClient));
  return {
    read: (bytes) => {
      const skipped = Math.min(missingPreface, bytes.length);
      missingPreface -= skipped;
      try {
        reader(skipped === 0 ? bytes : bytes.subarray(skipped));
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    },
    headers: (stream, block, end) =>
      output.frame(
        {
          length: block.length,
          type: types.headers,
          flags: flag.endHeaders | (end ? flag.endStream : 0),
          stream,
        },
        block,
        0,
      ),
    open: (stream) => {
      sendings.set(stream, { window: initialWindow, sent: 0, message: undefined });
    },
    send: (stream, message) => {
      const sending = sendings.get(stream);
      if (sending === undefined) return; // the other end has given it up
      sending.message = message;
      pump(stream, sending);
    },
    forget: (stream) => {
      sendings.delete(stream);
    },
    cancel: (stream) => {
      sendings.delete(stream);
      output.bytes(frameOf(types.reset, 0, stream, uint32(cancelled)));
    },
    mostStreams: () => mostStreams,
    mayIndex: () => tableBytes >= usualTableBytes,
  };
};
