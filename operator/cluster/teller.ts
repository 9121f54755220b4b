/**
 * Events, as `kubectl describe` shows them. Equal ones are counted on one object; an object that
 * has too many is quiet for a while; losing one is no error.
 *
 * Source: operator contract, 8.3; Kubernetes, client-go tools/record (events_cache.go) for the bounds.
 */
import { createHash, randomBytes } from "node:crypto";
import { refOf } from "../render/object.ts";
import type { Clock } from "./clock.ts";
import type { ClusterEvent } from "./cluster.ts";
import { type Answer, failureOf } from "./failure.ts";
import { pathOf, resourceOf } from "./kinds.ts";
import type { Wire } from "./wire.ts";

/** By which existing selectors find them. Source: operator contract, 8.3. */
const component = "seldon-controller-manager";
const reportingComponent = "espalier-operator";

const burst = 25;
const refillMs = 300_000;
const remembered = 4_096;
const pendingLimit = 1_000;
/** Source: Kubernetes API reference, Event (core/v1): what validation takes. */
const messageLimit = 1_024;

const events = { apiVersion: "v1", kind: "Event", plural: "events" };

export type TellerOptions = {
  readonly wire: Wire;
  readonly clock: Clock;
  /** Which of several operators says so. */
  readonly instance: string;
  readonly lost: (event: ClusterEvent, error: unknown) => void;
};

/** A map that forgets what was set the longest time ago. */
const makeMemo = <T>() => {
  const held = new Map<string, T>();
  return {
    get: (key: string): T | undefined => held.get(key),
    set: (key: string, value: T): void => {
      held.delete(key);
      held.set(key, value);
      const [oldest] = held.keys();
      if (held.size > remembered && oldest !== undefined) held.delete(oldest);
    },
  };
};

type Told = { readonly name: string; readonly count: number };

const sameOf = ({ about, type, reason, message }: ClusterEvent): string =>
  createHash("sha256")
    .update(JSON.stringify([about.metadata.uid, refOf(about), type, reason, message]))
    .digest("base64");

/** Source: Kubernetes API conventions, "Timestamps": whole seconds. */
const secondOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

const objectOf = (event: ClusterEvent, name: string, at: string, instance: string): object => {
  const { about, type, reason, message } = event;
  const { uid, resourceVersion } = about.metadata;
  const ref = refOf(about);
  return {
    apiVersion: events.apiVersion,
    kind: events.kind,
    metadata: { name, namespace: ref.namespace },
    involvedObject: { ...ref, uid, resourceVersion },
    type,
    reason,
    message: message.length > messageLimit ? `${message.slice(0, messageLimit - 3)}...` : message,
    count: 1,
    firstTimestamp: at,
    lastTimestamp: at,
    source: { component },
    reportingComponent,
    reportingInstance: instance,
  };
};

/** Some at once for each object, then one every few minutes. */
const makeAllowance = (clock: Clock) => {
  const spentUntil = makeMemo<number>();
  return ({ about }: ClusterEvent): boolean => {
    const key = about.metadata.uid ?? about.metadata.name;
    const now = clock.elapsed();
    const before = spentUntil.get(key) ?? Number.NEGATIVE_INFINITY;
    const until = Math.max(before, now - burst * refillMs) + refillMs;
    if (until > now) return false;
    spentUntil.set(key, until);
    return true;
  };
};

const request = async (
  wire: Wire,
  verb: "create" | "patch",
  namespace: string,
  { name, body }: { readonly name: string; readonly body: object },
): Promise<Answer> => {
  const isNew = verb === "create";
  const attempted = `${verb} Event ${namespace}/${name}`;
  const answer = await wire.ask({
    ...{ attempted, verb, kind: events.kind, body },
    method: isNew ? "POST" : "PATCH",
    path: pathOf(events, namespace, isNew ? "" : name),
    ...(isNew ? {} : { contentType: "application/merge-patch+json" }),
  });
  const isForgotten = !isNew && answer.status === 404; // events live for an hour
  if (answer.status < 300 || isForgotten) return answer;
  throw failureOf(attempted, answer, resourceOf(events));
};

export const makeTeller = ({ wire, clock, instance, lost }: TellerOptions) => {
  const told = makeMemo<Told>();
  const isAllowed = makeAllowance(clock);
  let last: Promise<void> = Promise.resolve();
  let pending = 0;

  const send = async (event: ClusterEvent): Promise<void> => {
    const { namespace } = refOf(event.about);
    const same = sameOf(event);
    const at = secondOf(clock.now());
    const before = told.get(same);
    if (before !== undefined) {
      const count = before.count + 1;
      const body = { count, lastTimestamp: at };
      const counted = await request(wire, "patch", namespace, { name: before.name, body });
      if (counted.status !== 404) {
        told.set(same, { ...before, count });
        return;
      }
    }
    const name = `${event.about.metadata.name.slice(0, 200)}.${randomBytes(8).toString("hex")}`;
    const body = objectOf(event, name, at, instance);
    await request(wire, "create", namespace, { name, body });
    told.set(same, { name, count: 1 });
  };

  return {
    /** Never throws; events go out one after the other. */
    tell: (event: ClusterEvent): void => {
      if (!isAllowed(event)) return;
      if (pending >= pendingLimit) {
        lost(event, new Error(`more than ${pendingLimit} events are waiting`));
        return;
      }
      pending += 1;
      last = last
        .then(() => send(event))
        .catch((error: unknown) => lost(event, error))
        .finally(() => {
          pending -= 1;
        });
    },
    /** Resolves when all that was told has been sent or lost. */
    idle: (): Promise<void> => last,
  };
};
