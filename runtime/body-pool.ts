/**
 * Memory for bodies that are too large for Node.js to cut from a slab: fresh memory must be cleared
 * by the kernel page by page, which costs a large body as much again as copying it
 * (docs/decisions/0010-body-pool.md).
 *
 * Whoever takes a body owns it. Giving it back is never a duty: what is not given back is left to
 * the garbage collector. But who gives back says that nobody reads it any more.
 */

/** Smaller bodies are not worth it. */
export const smallestPooledBytes = 16_384;
/** Larger ones are rare, and would fill the pool. */
const largestPooledBytes = 8_388_608;
/** Free memory held, of all sizes together. */
const mostFreeBytes = 67_108_864;
/** What was not needed for so long is let go. */
const restMs = 10_000;

export type BodyPool = {
  /** A body of exactly so many bytes, with anything in it. */
  take(bytes: number): Buffer;
  /** Takes back a body from `take`; any other, or one that is back already, is left alone. */
  giveBack(body: Buffer): void;
  /** Free bytes held. */
  freeBytes(): number;
};

/** Free memory of one size. */
type Shelf = {
  readonly bytes: number;
  /** The one used last is taken first: it is still in the processor's cache. */
  readonly free: ArrayBufferLike[];
  /** The fewest there were since the last look: so many were not needed. */
  fewest: number;
};

export const makeBodyPool = (limitBytes: number = mostFreeBytes): BodyPool => {
  const shelves = makeShelves();
  /** Bodies, not their memory: an old body cannot give back what is somebody else's by now. */
  const lent = new WeakSet<Buffer>();
  let freeBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  const drop = (shelf: Shelf): void => {
    shelf.free.shift();
    shelf.fewest = Math.min(shelf.fewest, shelf.free.length);
    freeBytes -= shelf.bytes;
  };

  /** Frees what was not needed since it was called before. */
  const rest = (): void => {
    for (const shelf of shelves) {
      for (let count = shelf.fewest; count > 0; count -= 1) drop(shelf);
      shelf.fewest = shelf.free.length;
    }
    if (freeBytes > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  const keep = (shelf: Shelf, memory: ArrayBufferLike): void => {
    if (shelf.bytes > limitBytes) return;
    while (freeBytes + shelf.bytes > limitBytes) drop(largest(shelves, shelf));
    shelf.free.push(memory);
    freeBytes += shelf.bytes;
    if (timer !== undefined) return;
    timer = setInterval(rest, restMs);
    timer.unref();
  };

  return {
    freeBytes: () => freeBytes,
    take: (bytes) => {
      if (bytes <= smallestPooledBytes) return Buffer.allocUnsafe(bytes);
      const shelf = shelves[shelfOf(bytes)];
      if (shelf === undefined) return Buffer.allocUnsafeSlow(bytes);
      const found = shelf.free.pop();
      if (found !== undefined) {
        freeBytes -= shelf.bytes;
        if (shelf.free.length < shelf.fewest) shelf.fewest = shelf.free.length;
      }
      const body = Buffer.from(found ?? Buffer.allocUnsafeSlow(shelf.bytes).buffer, 0, bytes);
      lent.add(body);
      return body;
    },
    giveBack: (body) => {
      if (body.length <= smallestPooledBytes || !lent.delete(body)) return;
      const shelf = shelves[shelfOf(body.length)];
      if (shelf !== undefined) keep(shelf, body.buffer);
    },
  };
};

/** Each is twice as large as the one before, the first twice the smallest body that is not pooled. */
const makeShelves = (): readonly Shelf[] => {
  const shelves: Shelf[] = [];
  for (let bytes = smallestPooledBytes * 2; bytes <= largestPooledBytes; bytes *= 2) {
    shelves.push({ bytes, free: [], fewest: 0 });
  }
  return shelves;
};

/** 0 for what fits into the first, and so on; beyond the last there is none. */
const shelfOf = (bytes: number): number => 31 - Math.clz32((bytes - 1) / smallestPooledBytes);

/** Where memory is let go for `wanted`: of the largest size that has some, its own if no other has. */
const largest = (shelves: readonly Shelf[], wanted: Shelf): Shelf =>
  shelves.findLast((shelf) => shelf !== wanted && shelf.free.length > 0) ?? wanted;

const shared = makeBodyPool();

/** A body of exactly so many bytes, with anything in it. */
export const takeBody: BodyPool["take"] = shared.take;
/** Takes back a body from `takeBody` that nobody reads any more. */
export const giveBack: BodyPool["giveBack"] = shared.giveBack;
