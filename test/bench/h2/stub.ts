/** The model stub over gRPC: reads each request to its end and gives the same answer always. */
import type { Socket } from "node:net";
import { type Frame, flag, types } from "./frames.ts";
import { makeAnswerBlocks } from "./grpc.ts";
import { makePeer } from "./peer.ts";

export const serveGrpc = (socket: Socket, message: Buffer): void => {
  let blocks = makeAnswerBlocks(false);
  const open = new Set<number>();

  const answer = (stream: number): void => {
    if (!open.delete(stream)) return;
    peer.headers(stream, blocks.head(), false);
    peer.send(stream, message);
  };

  const onFrame = ({ type, flags, stream }: Frame): void => {
    if (type === types.headers && !open.has(stream)) {
      open.add(stream);
      peer.open(stream);
    }
    if (type === types.reset) {
      open.delete(stream);
      peer.forget(stream);
    }
    if (type !== types.headers && type !== types.data) return;
    if ((flags & flag.endStream) !== 0) answer(stream);
  };

  const peer = makePeer({
    socket,
    isClient: false,
    onFrame,
    onReady: () => {
      blocks = makeAnswerBlocks(peer.mayIndex());
    },
    onSent: (stream) => peer.headers(stream, blocks.trailers(), true),
  });
  socket.on("data", (bytes: Buffer) => peer.read(bytes));
  socket.on("error", () => socket.destroy()); // whoever called is gone
};
