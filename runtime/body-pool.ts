/**
 * Memory for large bodies, used again. Giving back is never a duty: what is not given back is left
 * to the garbage collector. But who gives back says that nobody reads it any more.
 */

/** Smaller bodies are not worth it. */
const smallestPooledBytes = 16_384;
const largestPooledBytes = 8_388_608;
const mostFreeBytes = 67_108_864;

/** Free memory by its size, a power of two. */
const free = new Map<number, ArrayBufferLike[]>();
const lent = new WeakSet<Buffer>();
let freeBytes = 0;

const sizeOf = (bytes: number): number => 2 ** (32 - Math.clz32(bytes - 1));

/** A body of exactly so many bytes, with anything in it. */
export const takeBody = (bytes: number): Buffer => {
  if (bytes <= smallestPooledBytes) return Buffer.allocUnsafe(bytes);
  if (bytes > largestPooledBytes) return Buffer.allocUnsafeSlow(bytes);
  const size = sizeOf(bytes);
  const found = free.get(size)?.pop();
  if (found !== undefined) freeBytes -= size;
  const body = Buffer.from(found ?? Buffer.allocUnsafeSlow(size).buffer, 0, bytes);
  lent.add(body);
  return body;
};

/** Takes back a body from `takeBody` that nobody reads any more; any other is left alone. */
export const giveBack = (body: Buffer): void => {
  if (!lent.delete(body)) return;
  const size = sizeOf(body.length);
  if (freeBytes + size > mostFreeBytes) return;
  const shelf = free.get(size) ?? [];
  free.set(size, shelf);
  shelf.push(body.buffer);
  freeBytes += size;
};
