/** Streams of numbered messages, poured no faster than they are read. */
import type { UnitSource } from "../../api/plan.ts";

/** A message of this size that begins with its number. */
export const numbered = (index: number, size = 4): Buffer => {
  const message = Buffer.alloc(size);
  message.writeUInt32BE(index);
  return message;
};

export const upTo = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => i);

/** A graph of one model. */
export const single = (endpoint: NonNullable<UnitSource["endpoint"]>): UnitSource => ({
  name: "m",
  type: "MODEL",
  endpoint,
});

/** Writes until told to stop, and no faster than it is read. */
export const pour = (
  write: (message: Buffer) => boolean,
  drained: (resume: () => void) => void,
  size: number,
): { count: number; stopAt: number } => {
  const state = { count: 0, stopAt: Number.POSITIVE_INFINITY };
  const go = (): void => {
    while (state.count < state.stopAt) {
      const more = write(numbered(state.count, size));
      state.count += 1;
      if (!more) {
        drained(go);
        return;
      }
    }
  };
  go();
  return state;
};

/** Resolves when a number has stood still for a while. */
export const settled = async (count: () => number): Promise<number> => {
  for (let last = -1, still = 0; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    still = count() === last ? still + 1 : 0;
    last = count();
    if (still >= 10) return last;
  }
};

export const kilobytes64 = 65_536;
export const megabytes32 = 32 * 1024 * 1024;
