/**
 * The payload log: messages of nodes in, CloudEvents to HTTP sinks out.
 *
 * It must never hurt serving: a message is taken or dropped at once, what is held is bounded, the
 * sinks are served by a few senders beside the requests, and an event is sent once or not at all.
 * Source: engine contract, section 7; deviation E12.
 */
import type { PlanUnit } from "../../api/plan.ts";
import type { Hear } from "../engine/node.ts";
import { type DeliveryOptions, makeDelivery } from "./delivery.ts";
import { type EventType, eventBytes, fixedHeaders, type Origin } from "./event.ts";
import type { NodeLog } from "./node-log.ts";
import { makeSink, type Sink, type SinkOptions } from "./sink.ts";
import type { LogTarget } from "./targets.ts";

export type PayloadLog = {
  /** The log of one unit; undefined if its messages are not logged. */
  nodeLog(unit: PlanUnit): NodeLog | undefined;
  /** Sends what is held, for `withinMs` at most; the rest, and what comes later, is dropped. */
  close(withinMs: number): Promise<void>;
};

export type PayloadLogOptions = DeliveryOptions &
  SinkOptions & {
    readonly targets: ReadonlyMap<PlanUnit, LogTarget>;
    readonly origin: Origin;
  };

const ignore: Hear = () => {};

export const makePayloadLog = (options: PayloadLogOptions): PayloadLog => {
  const { targets, origin } = options;
  const delivery = makeDelivery(options);
  const sinks = new Map<string, Sink>();

  const sinkAt = (url: URL): Sink => {
    const sink = sinks.get(url.href) ?? makeSink(url, options);
    sinks.set(url.href, sink);
    return sink;
  };

  const hear = (unit: PlanUnit, sink: Sink, type: EventType): Hear => {
    const fixed = fixedHeaders(origin, unit.name, type);
    return (payload, { id: requestId, unlogged }) => {
      if (unlogged) return;
      const bytes = eventBytes(payload, requestId);
      delivery.offer({ sink, fixed, requestId, payload, at: Date.now(), bytes });
    };
  };

  return {
    nodeLog: (unit) => {
      const target = targets.get(unit);
      if (target === undefined) return undefined;
      const sink = sinkAt(target.url);
      return {
        request: target.requests ? hear(unit, sink, "request") : ignore,
        response: target.responses ? hear(unit, sink, "response") : ignore,
        feedback: target.responses ? hear(unit, sink, "feedback") : ignore,
      };
    },
    close: async (withinMs) => {
      await delivery.close(withinMs);
      for (const sink of sinks.values()) sink.close();
    },
  };
};
