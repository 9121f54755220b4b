/**
 * One predictor at work: the processes of its pods and its engine, from their start to their end.
 *
 * Start: init containers of each pod in turn, then its containers, and the engine beside them; it
 * may get requests once every node accepts connections and the engine says it is ready. End: the
 * engine first, which drains, then the containers.
 */
import { writeFileSync } from "node:fs";
import type { Deadlines } from "../runtime/deadlines.ts";
import type { Limits } from "../runtime/limits.ts";
import { makeScope } from "../runtime/scope.ts";
import { type Clock, pause } from "./clock.ts";
import {
  type Crew,
  describeWait,
  hire,
  type Noted,
  runInit,
  startContainer,
  until,
} from "./crew.ts";
import type { StartFailure } from "./failure.ts";
import { accepts } from "./ports.ts";
import { describeExit } from "./process.ts";
import type { PodLayout, PredictorLayout } from "./site.ts";
import type { Supervised } from "./supervisor.ts";
import { makeUpstream, type Upstream } from "./upstream.ts";

export type PredictorSurroundings = Noted & {
  readonly deadlines: Deadlines;
  readonly limits: Limits;
};

export type RunningPredictor = {
  readonly name: string;
  readonly upstream: Upstream;
  /** Resolves once it may get requests, or with the reason why it never will. Never rejects. */
  readonly started: Promise<StartFailure | undefined>;
  /** What it waits for until then. */
  waitingFor(): readonly string[];
  /** Why it cannot take requests now; undefined when it can. */
  unavailable(): string | undefined;
  /** Ends its processes in order. A request still under way is the engine's to drain. */
  stop(): Promise<void>;
};

const engineLimitMs = 60_000;
const askEveryMs = 50;
const askTimeoutMs = 2_000;

export const startPredictor = (
  layout: PredictorLayout,
  around: PredictorSurroundings,
): RunningPredictor => {
  const end = new AbortController();
  const upstream = makeUpstream(layout.entry, around.limits, around.deadlines);
  let isStarting = true;
  let resolveStarted: (failure: StartFailure | undefined) => void = () => {};
  const started = new Promise<StartFailure | undefined>((resolve) => {
    resolveStarted = resolve;
  });
  const settle = (failure?: StartFailure): void => {
    isStarting = false;
    resolveStarted(failure);
  };
  const front = frontOf(layout);
  let down: string | undefined;

  const crew: Crew = {
    around,
    signal: end.signal,
    members: [],
    waits: new Set(),
    isStarting: () => isStarting,
    fail: settle,
    onEnd: (spec, exit) => {
      if (spec.label !== front?.label) return;
      const mine = `${spec.label} ${describeExit(exit)} and will be started again`;
      down = mine;
      void accepts(front.port, around.clock, end.signal).then(() => {
        if (down === mine) down = undefined;
      });
    },
  };

  for (const { podinfo } of layout.pods) writeFileSync(podinfo.file, podinfo.text);
  const engine = layout.engine === undefined ? undefined : hire(layout.engine, crew);
  const starting = startAll(layout, crew)
    .then(() => (engine === undefined ? undefined : engineIsReady(engine, upstream, crew)))
    .then(() => settle());

  return {
    name: layout.predictor,
    upstream,
    started,
    waitingFor: () => [...crew.waits].map(describeWait),
    unavailable: () => down,
    stop: async () => {
      end.abort();
      settle({ reason: `${layout.predictor} was stopped`, tail: [] });
      upstream.close(); // who ends need not wait for us to ask again
      await engine?.stop();
      await Promise.all([...crew.members.map((member) => member.stop()), starting]);
    },
  };
};

const startAll = async (layout: PredictorLayout, crew: Crew): Promise<void> => {
  await Promise.all(layout.pods.map((pod) => startPod(pod, crew)));
};

const startPod = async ({ init, containers }: PodLayout, crew: Crew): Promise<void> => {
  for (const container of init) {
    if (!(await runInit(container, crew))) return;
  }
  await Promise.all(containers.map((container) => startContainer(container, crew)));
};

type Front = { readonly label: string; readonly port: number };

/** The process that requests reach first, and where it is seen to be up. */
const frontOf = ({ engine, pods, entry }: PredictorLayout): Front | undefined => {
  if (engine !== undefined) return { label: engine.label, port: entry.http };
  for (const { process, port } of pods.flatMap(({ containers }) => containers)) {
    if (port !== undefined && (port === entry.http || port === entry.grpc)) {
      return { label: process.label, port };
    }
  }
  return undefined;
};

/** Asks `GET /ready` until the engine says yes. Source: engine contract, 10.5. */
const engineIsReady = (engine: Supervised, upstream: Upstream, crew: Crew): Promise<void> =>
  until(
    { text: `${engine.spec.label} to be ready`, process: engine },
    engineLimitMs,
    crew,
    (signal) => saysReady(upstream, crew.around.clock, signal),
  );

const saysReady = async (
  upstream: Upstream,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> => {
  while (!signal.aborted) {
    if ((await statusOf(upstream)) === 200) return true;
    await pause(clock, askEveryMs, signal);
  }
  return false;
};

const statusOf = async (upstream: Upstream): Promise<number | undefined> => {
  const question = { method: "GET", path: "/ready", headerLines: "", body: undefined };
  try {
    return (await upstream.send({ ...question, timeoutMs: askTimeoutMs, scope: makeScope() }))
      .status;
  } catch {
    return undefined; // it does not listen yet: that is what is being waited for
  }
};
