/** Large buffers that are used again: to collect them costs more than to send them. */

/** By their length, of which there are few. */
const free = new Map<number, Buffer[]>();
const leastBytes = 8192;
/** Of one length. */
const mostFree = 500;

export const takeBody = (bytes: number): Buffer =>
  free.get(bytes)?.pop() ?? Buffer.allocUnsafe(bytes);

/** Gives one back, which nobody else reads or sends any more. Small ones are not worth it. */
export const giveBody = (body: Buffer): void => {
  if (body.length < leastBytes) return;
  const alike = free.get(body.length);
  if (alike === undefined) free.set(body.length, [body]);
  else if (alike.length < mostFree) alike.push(body);
};

/** Source: ECMAScript 2024, 25.1.6.9. */
type Transferable = ArrayBufferLike & { transfer(bytes: number): unknown };

/**
 * Frees what a socket has read, which nobody looks at any more, at once: so much of it waiting to be
 * collected makes the collector work all the time.
 */
export const dropRead = (bytes: Buffer): void => {
  const buffer = bytes.buffer as Transferable; // every ArrayBuffer of Node.js is
  if (bytes.length === buffer.byteLength && bytes.length >= leastBytes) buffer.transfer(0);
};
