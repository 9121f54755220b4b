/** Events for one sink in, one post each out, by a few senders: a queue between them and the requests. */
import { setImmediate } from "node:timers/promises";
import type { Deadlines } from "../deadlines.ts";
import { asEngineError, EngineError } from "../errors.ts";
import { cancel, makeScope, offCancel, onCancel, type Scope } from "../scope.ts";
import { eventRequest, type PayloadEvent } from "./event.ts";
import type { Meters } from "./meters.ts";
import { type Bounds, makeQueue } from "./queue.ts";
import { makeUnpack } from "./unpack.ts";

export type Delivery = {
  /** Takes an event or drops it, at once. */
  offer(event: PayloadEvent): void;
  /** Bytes held. */
  bytes(): number;
  /** Sends what is held, for `withinMs` at most; the rest, and what comes later, is dropped. */
  close(withinMs: number): Promise<void>;
};

export type DeliveryOptions = {
  readonly bounds: Bounds;
  /** Events that are sent at the same time. */
  readonly senders: number;
  readonly deadlines: Deadlines;
  readonly meters: Meters;
};

/** How long a sender leaves a sink alone that it could not reach: trying costs what requests need. */
const restMs = 250;

export const makeDelivery = (options: DeliveryOptions): Delivery => {
  const { bounds, senders, deadlines, meters } = options;
  const queue = makeQueue<PayloadEvent>(bounds, deadlines, () => meters.dropped(1));
  const open = makeScope(); // ends when no more events are taken
  const sending = makeScope(); // ends when no more are sent
  const send = makeSend(sending, meters);
  let busy = 0;
  let onIdle = (): void => {};

  /** One sender: it ends when there is nothing more to send. */
  const work = async (first: PayloadEvent): Promise<void> => {
    busy += 1;
    await setImmediate(); // the request's own answer goes first
    for (let event: PayloadEvent | undefined = first; event; event = queue.take()) {
      const reached = await send(event);
      queue.release(event);
      if (!reached) await rest(deadlines, open);
    }
    busy -= 1;
    if (busy === 0) onIdle();
  };

  return {
    bytes: queue.bytes,
    offer: (event) => {
      if (open.reason !== undefined || !queue.add(event)) meters.dropped(1);
      else if (busy < senders) {
        const first = queue.take();
        if (first !== undefined) void work(first);
      }
    },
    close: async (withinMs) => {
      cancel(open, ending);
      const timer = setTimeout(() => {
        meters.dropped(queue.clear());
        cancel(sending, ending);
      }, withinMs);
      if (busy > 0) {
        await new Promise<void>((resolve) => {
          onIdle = resolve;
        });
      }
      clearTimeout(timer);
    },
  };
};

const ending = new EngineError("CLIENT_GONE", "the engine ends");

/** Sends one event; answers false if the sink cannot be reached. Never rejects. */
const makeSend = (scope: Scope, meters: Meters) => {
  const unpack = makeUnpack();
  return async (event: PayloadEvent): Promise<boolean> => {
    const { sink } = event;
    try {
      const status = await sink.post({ ...(await eventRequest(event, unpack)), scope });
      if (status >= 200 && status < 300) meters.sent();
      else meters.failed(sink.place, `answered ${status}`);
      return true;
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (scope.reason === undefined) meters.failed(sink.place, whyOf(error));
      else meters.dropped(1);
      return error.code !== "NODE_UNREACHABLE";
    }
  };
};

/** Until it has lasted long enough, or the scope ends. */
const rest = (deadlines: Deadlines, scope: Scope): Promise<void> =>
  new Promise((resolve) => {
    const wake = (): void => {
      deadlines.clear(deadline);
      offCancel(scope, wake);
      resolve();
    };
    const deadline = deadlines.set(restMs, wake);
    onCancel(scope, wake);
  });

/** Without the address: its query may hold a secret. */
const whyOf = ({ code, cause }: EngineError): string =>
  cause instanceof Error && cause.message !== "" ? cause.message : code;
