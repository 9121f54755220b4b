/** Events in, one post each out, by a few senders: a queue between them and the requests. */
import { setImmediate } from "node:timers/promises";
import type { Registry } from "prom-client";
import type { Logger } from "../../host/log.ts";
import type { Deadlines } from "../deadlines.ts";
import { asEngineError, EngineError } from "../errors.ts";
import { cancel, makeScope } from "../scope.ts";
import { eventRequest, type PayloadEvent } from "./event.ts";
import { type Meters, makeMeters } from "./meters.ts";
import { type Bounds, makeQueue } from "./queue.ts";
import { makeUnpack } from "./unpack.ts";

export type Delivery = {
  /** Takes an event or drops it, at once. */
  offer(event: PayloadEvent): void;
  /** Sends what is held, for `withinMs` at most; the rest, and what comes later, is dropped. */
  close(withinMs: number): Promise<void>;
};

export type DeliveryOptions = {
  readonly bounds: Bounds;
  /** Events that are sent at the same time. */
  readonly senders: number;
  readonly deadlines: Deadlines;
  readonly registry: Registry;
  readonly log: Logger;
};

export const makeDelivery = (options: DeliveryOptions): Delivery => {
  const { bounds, senders, deadlines, registry, log } = options;
  const queue = makeQueue<PayloadEvent>(bounds, deadlines, () => meters.dropped(1));
  const meters = makeMeters({ registry, deadlines, log, bytes: queue.bytes });
  const send = makeSend(meters);
  let busy = 0;
  let closed = false;
  let onIdle = (): void => {};

  /** One sender: it ends when there is nothing more to send. */
  const work = async (first: PayloadEvent): Promise<void> => {
    busy += 1;
    await setImmediate(); // the request's own answer goes first
    for (let event: PayloadEvent | undefined = first; event; event = queue.take()) {
      await send.one(event);
      queue.release(event);
    }
    busy -= 1;
    if (busy === 0) onIdle();
  };

  return {
    offer: (event) => {
      if (closed || !queue.add(event)) meters.dropped(1);
      else if (busy < senders) {
        const first = queue.take();
        if (first !== undefined) void work(first);
      }
    },
    close: async (withinMs) => {
      closed = true;
      const timer = setTimeout(() => {
        meters.dropped(queue.clear());
        send.stop();
      }, withinMs);
      if (busy > 0) {
        await new Promise<void>((resolve) => {
          onIdle = resolve;
        });
      }
      clearTimeout(timer);
      meters.close();
    },
  };
};

const makeSend = (meters: Meters) => {
  const scope = makeScope();
  const unpack = makeUnpack();
  const one = async (event: PayloadEvent): Promise<void> => {
    const { sink } = event;
    try {
      const status = await sink.post({ ...(await eventRequest(event, unpack)), scope });
      if (status >= 200 && status < 300) meters.sent();
      else meters.failed(sink.place, `answered ${status}`);
    } catch (thrown) {
      if (scope.reason === undefined) meters.failed(sink.place, whyOf(thrown));
      else meters.dropped(1);
    }
  };
  const stop = (): void => cancel(scope, new EngineError("CLIENT_GONE", "the engine ends"));
  return { one, stop };
};

/** Without the address: its query may hold a secret. */
const whyOf = (thrown: unknown): string => {
  const { code, cause } = asEngineError(thrown);
  return cause instanceof Error && cause.message !== "" ? cause.message : code;
};
