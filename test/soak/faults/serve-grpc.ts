/** A gRPC server by hand and cheap: one message in, one out, over one connection. */
import type { Socket } from "node:net";
import { makeFieldReader } from "../../bench/h2/fields.ts";
import { type Frame, flag, types } from "../../bench/h2/frames.ts";
import { errorBlock, makeAnswerBlocks, prefixBytes } from "../../bench/h2/grpc.ts";
import { makePeer } from "../../bench/h2/peer.ts";
import { dropRead, giveBody, takeBody } from "./bodies.ts";

export type GrpcAsk = {
  readonly path: string;
  readonly id: string;
  /** With gRPC's five bytes before it. */
  readonly message: Buffer;
};
/** A message with gRPC's five bytes before it, or why there is none. */
export type GrpcReply = Buffer | { readonly error: string };

/** What has come of a call. */
type Coming = {
  readonly path: string;
  readonly id: string;
  readonly prefix: Buffer;
  message: Buffer;
  got: number;
};

const noBytes = Buffer.alloc(0);
const mostBytes = 1 << 24;
const internal = 13;
const wanted = [":path", "seldon-puid"];

const take = (call: Coming, { bytes, from, to }: Frame): void => {
  let at = from;
  if (call.got < prefixBytes) {
    at = Math.min(to, from + prefixBytes - call.got);
    call.got += bytes.copy(call.prefix, call.got, from, at);
    if (call.got < prefixBytes) return;
    const length = prefixBytes + call.prefix.readUInt32BE(1);
    if (length > mostBytes) throw new Error(`a message of ${length} bytes`);
    call.message = takeBody(length);
    call.prefix.copy(call.message);
  }
  if (call.got + to - at > call.message.length) throw new Error("bytes behind a message");
  call.got += bytes.copy(call.message, call.got, at, to);
};

/** Answers each call of a connection with what `answer` has for it. */
export const serveGrpc = (socket: Socket, answer: (ask: GrpcAsk) => GrpcReply): void => {
  const calls = new Map<number, Coming>();
  const ended = new Map<number, Buffer>(); // requests whose answers are not sent yet
  const readFields = makeFieldReader(wanted);
  let blocks = makeAnswerBlocks(false);

  /** Nothing is sent on the stream any more: its request is not read either. */
  const letGo = (stream: number): void => {
    peer.forget(stream);
    giveBody(ended.get(stream) ?? noBytes);
    ended.delete(stream);
  };

  const begin = ({ stream, bytes, from, to }: Frame): void => {
    const [path = "", id = ""] = readFields(bytes, from, to);
    if (calls.has(stream)) return; // trailers
    const prefix = Buffer.allocUnsafe(prefixBytes);
    calls.set(stream, { path, id, prefix, message: prefix, got: 0 });
    peer.open(stream);
  };

  const end = (stream: number, call: Coming): void => {
    calls.delete(stream);
    ended.set(stream, call.message);
    const isWhole = call.got >= prefixBytes && call.got === call.message.length;
    const reply = isWhole ? answer(call) : { error: "half a message" };
    if ("error" in reply) {
      letGo(stream);
      peer.headers(stream, errorBlock(internal, reply.error), true);
      return;
    }
    peer.headers(stream, blocks.head(), false);
    peer.send(stream, reply);
  };

  const onFrame = (frame: Frame): void => {
    const { type, stream, flags } = frame;
    if (type === types.headers) begin(frame);
    if (type === types.reset) {
      calls.delete(stream);
      letGo(stream);
    }
    const call = calls.get(stream);
    if (call === undefined) return;
    if (type === types.data) take(call, frame);
    if ((flags & flag.endStream) !== 0) end(stream, call);
  };

  const peer = makePeer({
    socket,
    isClient: false,
    onFrame,
    onReady: () => {
      blocks = makeAnswerBlocks(peer.mayIndex());
    },
    onSent: (stream) => {
      letGo(stream);
      peer.headers(stream, blocks.trailers(), true);
    },
  });
  socket.on("data", (bytes: Buffer) => {
    peer.read(bytes);
    dropRead(bytes);
  });
  socket.on("error", () => socket.destroy()); // whoever called is gone
};
