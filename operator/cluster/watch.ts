/**
 * Keeps a cache like the cluster: lists, watches from there, goes on from the last version when a
 * watch ends, and lists anew when the server has forgotten that version. Never gives up.
 *
 * Source: Kubernetes API concepts, "Efficient detection of changes".
 */
import { isPlain } from "../../api/shape/plain.ts";
import type { KubernetesObject } from "../render/object.ts";
import type { Sink } from "./cache.ts";
import type { Clock } from "./clock.ts";
import { ClusterError } from "./cluster.ts";
import { type Answer, failureOf } from "./failure.ts";
import { type Kind, pathOf, resourceOf } from "./kinds.ts";
import { listAll, textIn } from "./page.ts";
import type { Wire } from "./wire.ts";

export type Subject = {
  readonly kind: Kind;
  /** Empty: all namespaces. */
  readonly namespace: string;
  /** Selectors. */
  readonly query: Readonly<Record<string, string>>;
};

/** Whether the cache holds what there is. "absent": the server does not serve the kind. */
export type WatchState = "unknown" | "current" | "absent";

export type WatchEvents = {
  readonly stateChanged: (state: WatchState) => void;
  /** Something went wrong; the loop goes on after a while. */
  readonly failed: (error: ClusterError) => void;
  /** Everything is listed (again). */
  readonly listed: () => void;
};

export type WatchOptions = {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly sink: Sink;
  readonly events: WatchEvents;
  /** From 0 to 1. */
  readonly random: () => number;
};

const listDeadlineMs = 60_000;
/** The server ends a watch after 5 to 10 minutes, each at its own time. */
const shortestWatchSeconds = 300;
/** A server sends a bookmark a minute: one that says nothing for so long is not there. */
const silentMs = 150_000;
const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** How often to ask for a kind that is not served. */
const absentPauseMs = 60_000;
/** A watch that ends sooner than this ended for a reason. */
const briefMs = 1_000;

const longer = (pauseMs: number): number =>
  pauseMs === 0 ? firstPauseMs : Math.min(longestPauseMs, pauseMs * 2);

/** One line of a watch. Source: Kubernetes API reference, WatchEvent (meta/v1). */
const eventOf = (line: string): { readonly type: string; readonly object: unknown } => {
  const event: unknown = JSON.parse(line);
  const object = isPlain(event) && "object" in event ? event.object : undefined;
  return { type: textIn(event, "type"), object };
};

const isExpired = (body: unknown): boolean => isPlain(body) && "code" in body && body.code === 410;

/** What the requests of one watch have in common. */
const makeAsks = ({ kind, namespace, query }: Subject, wire: Wire) => {
  const where = namespace === "" ? "" : ` in ${namespace}`;
  const path = pathOf(kind, namespace);
  const about = (verb: "list" | "watch") => ({
    ...{ attempted: `${verb} ${kind.kind}s${where}`, verb, kind: kind.kind, path },
    method: "GET" as const,
  });
  type Query = Readonly<Record<string, string>>;
  return {
    list: (page: Query, signal: AbortSignal): Promise<Answer> =>
      wire.ask({
        ...about("list"),
        ...{ query: { ...query, ...page }, deadlineMs: listDeadlineMs, signal },
      }),
    watch: (from: Query, signal: AbortSignal, onLine: (line: string) => void) =>
      wire.stream(
        {
          ...about("watch"),
          query: { ...query, watch: "1", allowWatchBookmarks: "true", ...from },
          ...{ deadlineMs: silentMs, isUrgent: true, signal },
        },
        onLine,
      ),
    refusal: (verb: "list" | "watch", answer: Answer): ClusterError =>
      failureOf(about(verb).attempted, answer, resourceOf(kind)),
    failure: (error: unknown): ClusterError =>
      error instanceof ClusterError
        ? error
        : new ClusterError("UNAVAILABLE", about("watch").attempted, String(error), error),
  };
};

/** One list and the watches that go on from it. */
const makeTurns = (subject: Subject, { wire, sink, random }: WatchOptions) => {
  const { kind } = subject;
  const asks = makeAsks(subject, wire);
  /** From where to go on; empty before the first list, and when that has to be done again. */
  let known = "";

  /** What cannot be read may have been a change: everything is listed again then. */
  const read = (line: string): ReturnType<typeof eventOf> => {
    try {
      return eventOf(line);
    } catch (error) {
      known = "";
      throw error;
    }
  };

  /** Answers what ends the watch, if this does. */
  const take = (line: string): Answer | undefined => {
    const { type, object } = read(line);
    if (type === "ERROR") return { status: isExpired(object) ? 410 : 500, body: object };
    const { apiVersion } = kind;
    // The API server tells of objects of the kind that was asked for.
    const live = { ...(object as KubernetesObject), apiVersion, kind: kind.kind };
    if (type === "ADDED" || type === "MODIFIED") sink.put(live);
    else if (type === "DELETED") sink.drop(live);
    else sink.reach(live.metadata.resourceVersion ?? "");
    known = live.metadata.resourceVersion ?? known;
    return undefined;
  };

  const watch = async (signal: AbortSignal): Promise<void> => {
    let ended: Answer | undefined;
    const seconds = Math.round(shortestWatchSeconds * (1 + random()));
    const from = { resourceVersion: known, timeoutSeconds: `${seconds}` };
    const refused = await asks.watch(from, signal, (line) => {
      ended = take(line) ?? ended;
    });
    const answer = refused ?? ended;
    if (answer?.status === 410) known = "";
    else if (answer !== undefined) throw asks.refusal("watch", answer);
  };

  return {
    failure: asks.failure,
    isListed: (): boolean => known !== "",
    list: async (signal: AbortSignal): Promise<void> => {
      const listed = await listAll(kind, (page) => asks.list(page, signal));
      if ("status" in listed) throw asks.refusal("list", listed);
      sink.replace(listed.items, listed.version);
      known = listed.version;
    },
    watch,
    forget: (): void => {
      known = "";
    },
  };
};

export const makeWatch = (subject: Subject, options: WatchOptions) => {
  const { clock, sink, events, random } = options;
  const turns = makeTurns(subject, options);
  let state: WatchState = "unknown";

  const become = (next: WatchState): void => {
    if (state === next) return;
    state = next;
    events.stateChanged(next);
  };
  const turn = async (signal: AbortSignal): Promise<void> => {
    if (!turns.isListed()) {
      await turns.list(signal);
      become("current");
      events.listed();
    }
    await turns.watch(signal);
  };
  const mishap = (error: unknown): void => {
    const failure = turns.failure(error);
    if (failure.code !== "NOT_FOUND") {
      events.failed(failure);
      return;
    }
    turns.forget();
    sink.clear();
    become("absent");
  };
  /** Answers how long to wait before the next turn. */
  const spin = async (pauseMs: number, signal: AbortSignal): Promise<number> => {
    const from = clock.elapsed();
    try {
      await turn(signal);
      return clock.elapsed() - from < briefMs ? longer(pauseMs) : 0;
    } catch (error) {
      if (signal.aborted) return 0;
      mishap(error);
      if (state === "absent") return absentPauseMs;
      return longer(clock.elapsed() - from > longestPauseMs ? 0 : pauseMs);
    }
  };

  return {
    /** Runs until the signal aborts; never rejects. */
    run: async (signal: AbortSignal): Promise<void> => {
      for (let pauseMs = 0; !signal.aborted; ) {
        pauseMs = await spin(pauseMs, signal);
        // Not all at once when the server is back.
        if (pauseMs > 0) await clock.wait(pauseMs * (0.5 + random() / 2), signal);
      }
    },
  };
};
