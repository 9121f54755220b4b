/** Calls over gRPC by hand and cheap, for those who are many; the others' are in grpc-client.ts. */

import { giveBody } from "./bodies.ts";
import { predict } from "./grpc-client.ts";
import { type Call, type Line, makeLine, type Over } from "./grpc-line.ts";
import type { Asked, Outcome } from "./judge.ts";
import { framedOf, type Size } from "./message.ts";

export type PlainGrpc = {
  ask(asked: Asked, size: Size): Promise<Outcome>;
  close(): void;
};

const codes = { ok: 0, deadlineExceeded: 4, unavailable: 14 } as const;
/** How often is looked for calls that are late, in parts of their deadline. */
const looks = 20;

type Waiting = Call & {
  readonly settle: (outcome: Outcome) => void;
  line: Line | undefined;
  /** The line on which it was begun did not look at it. */
  isMoved: boolean;
};

const outcomeOf = (call: Call, { code, details }: Over, deadlineMs: number): Outcome => {
  const { asked, message, got, odd, id } = call;
  const what = `id ${id}, ${code}: ${details}`;
  const late = performance.now() - asked.sentAt >= 0.9 * deadlineMs;
  if (code === codes.deadlineExceeded && late) return { is: "none", what };
  if (code !== codes.ok) return { is: "error", code, what };
  if (id === asked.id && odd === undefined && got === message.length) return { is: "right" };
  return { is: "wrong", what: `${what}: ${got} of ${message.length} bytes; ${odd}` };
};

/** One connection; opened anew when the engine wants no more calls on it, or it has ended. */
export const makePlainGrpc = (port: number, deadlineMs: number): PlainGrpc => {
  const calls = new Set<Waiting>(); // the oldest first
  let line: Line | undefined;

  const over = (call: Call, told: Over): void => {
    const waiting = call as Waiting; // all that are begun below are
    calls.delete(waiting);
    const outcome = outcomeOf(call, told, deadlineMs);
    giveBody(call.message);
    waiting.settle(outcome);
  };
  const open = (): Line =>
    makeLine({
      ...{ port, path: predict, deadlineMs },
      onOver: over,
      onUnseen: (call) => {
        const waiting = call as Waiting; // as above
        if (waiting.isMoved) over(call, { code: codes.unavailable, details: "refused twice" });
        else begin(waiting);
        waiting.isMoved = true;
      },
    });
  const begin = (call: Waiting): void => {
    if (!line?.isOpen()) line = open();
    call.line = line;
    line.begin(call);
  };

  const sweep = setInterval(() => {
    const before = performance.now() - deadlineMs;
    for (const call of calls) {
      if (call.asked.sentAt > before) break;
      call.line?.cancel(call);
      over(call, { code: codes.deadlineExceeded, details: "nothing came" });
    }
  }, deadlineMs / looks);

  return {
    ask: (asked, size) =>
      new Promise((settle) => {
        const call: Waiting = {
          ...{ asked, settle, message: framedOf(asked.id, size), line: undefined, isMoved: false },
          ...{ got: 0, odd: undefined, id: undefined, httpStatus: undefined },
        };
        calls.add(call);
        begin(call);
      }),
    close: () => {
      clearInterval(sweep);
      for (const call of calls) call.line?.close();
      line?.close();
    },
  };
};
