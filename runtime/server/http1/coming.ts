import { giveBack, takeBody } from "../../body-pool.ts";
import type { EngineError } from "../../errors.ts";
import type { Head } from "./head.ts";

/** A request whose body is on its way. */
export type Coming = {
  readonly head: Head;
  /** Why it will not be served. Its body is short, and thrown away. */
  readonly refusal: EngineError | undefined;
  /** Holds what has come; as long as the whole body in the end. */
  body: Buffer;
  received: number;
};

/** Up to this size memory is taken on the word of Content-Length; beyond it, only for what has come. */
const largestAtOnceBytes = 1_048_576;
const nothing = Buffer.alloc(0);

export const startBody = (head: Head, refusal: EngineError | undefined): Coming => ({
  head,
  refusal,
  body: refusal === undefined ? takeBody(Math.min(head.bodyBytes, largestAtOnceBytes)) : nothing,
  received: 0,
});

export const isWhole = ({ received, head }: Coming): boolean => received === head.bodyBytes;

/** Takes what belongs to the body out of `bytes`, from `at` on; the place behind it. */
export const fill = (coming: Coming, bytes: Buffer, at: number): number => {
  const { head, received, refusal } = coming;
  const end = Math.min(bytes.length, at + head.bodyBytes - received);
  coming.received += end - at;
  if (refusal !== undefined) return end;
  if (coming.received > coming.body.length) grow(coming, received);
  bytes.copy(coming.body, received, at, end);
  return end;
};

/** What has come so far earns as much again. */
const grow = (coming: Coming, keptBytes: number): void => {
  const { body, received, head } = coming;
  coming.body = takeBody(Math.min(head.bodyBytes, Math.max(received, body.length * 2)));
  body.copy(coming.body, 0, 0, keptBytes);
  giveBack(body);
};
