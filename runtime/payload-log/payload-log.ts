/**
 * The payload log: messages of nodes in, CloudEvents to HTTP sinks out.
 *
 * It must never hurt serving: a message is taken or dropped at once, what is held is bounded, the
 * sinks are served by a few senders beside the requests, each host by its own, and an event is
 * sent once or not at all. Source: engine contract, section 7; deviation E12.
 */
import type { Registry } from "prom-client";
import type { PlanUnit } from "../../api/plan.ts";
import type { Logger } from "../../host/log.ts";
import type { Hear } from "../engine/node.ts";
import { type Delivery, makeDelivery } from "./delivery.ts";
import { type EventType, eventBytes, fixedHeaders, type Origin } from "./event.ts";
import { type Meters, makeMeters } from "./meters.ts";
import type { NodeLog } from "./node-log.ts";
import type { Bounds } from "./queue.ts";
import { makeSink, type Sink, type SinkOptions } from "./sink.ts";
import type { LogTarget } from "./targets.ts";

export type PayloadLog = {
  /** The log of one unit; undefined if its messages are not logged. */
  nodeLog(unit: PlanUnit): NodeLog | undefined;
  /** Sends what is held, for `withinMs` at most; the rest, and what comes later, is dropped. */
  close(withinMs: number): Promise<void>;
};

export type PayloadLogOptions = SinkOptions & {
  readonly targets: ReadonlyMap<PlanUnit, LogTarget>;
  readonly origin: Origin;
  /** Of one host's queue; the bytes are for all of them together, an equal share each. */
  readonly bounds: Bounds;
  /** Events that are sent to one host at the same time. */
  readonly senders: number;
  readonly registry: Registry;
  readonly log: Logger;
};

const ignore: Hear = () => {};

export const makePayloadLog = (options: PayloadLogOptions): PayloadLog => {
  const { targets, origin, registry, deadlines, log } = options;
  const meters = makeMeters({ registry, deadlines, log, bytes: () => held() });
  const deliveries = makeDeliveries(options, meters);
  const sinks = new Map<string, Sink>();
  const held = (): number => {
    let bytes = 0;
    for (const one of deliveries.values()) bytes += one.bytes();
    return bytes;
  };

  const sinkAt = (url: URL): Sink => {
    const sink = sinks.get(url.href) ?? makeSink(url, options);
    sinks.set(url.href, sink);
    return sink;
  };

  const hear = (unit: PlanUnit, url: URL, type: EventType): Hear => {
    const fixed = fixedHeaders(origin, unit.name, type);
    const sink = sinkAt(url);
    const delivery = deliveries.get(url.origin);
    return (payload, { id: requestId, unlogged }) => {
      if (unlogged) return;
      const bytes = eventBytes(payload, requestId);
      delivery?.offer({ sink, fixed, requestId, payload, at: Date.now(), bytes });
    };
  };

  return {
    nodeLog: (unit) => {
      const target = targets.get(unit);
      if (target === undefined) return undefined;
      const { url, requests, responses } = target;
      return {
        request: requests ? hear(unit, url, "request") : ignore,
        response: responses ? hear(unit, url, "response") : ignore,
        feedback: responses ? hear(unit, url, "feedback") : ignore,
      };
    },
    close: async (withinMs) => {
      await Promise.all([...deliveries.values()].map((one) => one.close(withinMs)));
      for (const sink of sinks.values()) sink.close();
      meters.close();
    },
  };
};

/** One for each host: a host that is slow or gone is no harm to the others. */
const makeDeliveries = (
  { targets, bounds, senders, deadlines }: PayloadLogOptions,
  meters: Meters,
): ReadonlyMap<string, Delivery> => {
  const hosts = new Set([...targets.values()].map(({ url }) => url.origin));
  const share = { ...bounds, maxBytes: Math.floor(bounds.maxBytes / hosts.size) };
  return new Map(
    [...hosts].map((host) => [host, makeDelivery({ bounds: share, senders, deadlines, meters })]),
  );
};
