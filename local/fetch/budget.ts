/** How much may be fetched, and has been. */
import { FetchFault } from "./fault.ts";

export type Budget = {
  /** Says how large a file is. @throws {FetchFault} TOO_LARGE when all files together are. */
  readonly hold: (name: string, bytes: number) => void;
  /** A file has so many bytes now, so many more than before. @throws {FetchFault} TOO_LARGE */
  readonly receive: (name: string, bytes: number, more: number) => void;
  /** How far a file has come at best. */
  readonly reached: (name: string) => number;
  /** The bytes of all files that have come in this process, those too that came in vain. */
  readonly total: () => number;
};

export const makeBudget = (maxBytes: number, where: string): Budget => {
  const held = new Map<string, number>();
  const reached = new Map<string, number>();
  let sum = 0;
  let total = 0;
  const hold = (name: string, bytes: number): void => {
    sum += bytes - (held.get(name) ?? 0);
    held.set(name, bytes);
    if (sum <= maxBytes) return;
    const message = `${where} is too large: at most ${maxBytes} bytes are fetched; name the model's own folder, or raise ESPALIER_FETCH_MAX_BYTES`;
    throw new FetchFault("TOO_LARGE", message);
  };
  return {
    hold,
    receive: (name, bytes, more) => {
      if (bytes > (held.get(name) ?? 0)) hold(name, bytes);
      reached.set(name, Math.max(bytes, reached.get(name) ?? 0));
      total += more;
    },
    reached: (name) => reached.get(name) ?? 0,
    total: () => total,
  };
};
