import type { Readable } from "node:stream";
import { messageBytes } from "./grpc-wire.ts";

/** Larger messages are not heard: they are kept in memory until their end. */
const mostBytes = 67_108_864;

/**
 * Listens in on the messages of a call, and hands over the first if it is the only one. Nothing is
 * kept of a call with more, however long it lasts.
 */
export const hearOneMessage = (
  call: Readable,
  hear: (message: Buffer) => void,
  limitBytes = mostBytes,
): void => {
  const chunks: Buffer[] = [];
  let received = 0;
  let wanted: number | undefined;

  const listen = (chunk: Buffer): void => {
    chunks.push(chunk);
    received += chunk.length;
    wanted ??= messageBytes(received === chunk.length ? chunk : Buffer.concat(chunks));
    if (received > Math.min(wanted ?? limitBytes, limitBytes)) stop();
  };
  const end = (): void => {
    if (received === wanted) hear(Buffer.concat(chunks));
    stop();
  };
  const stop = (): void => {
    chunks.length = 0;
    call.off("data", listen);
    call.off("end", end);
  };
  call.on("data", listen);
  call.on("end", end);
};
