/** The processes of one predictor, and what all of them report to. */
import { backoffMs } from "./backoff.ts";
import { pause } from "./clock.ts";
import type { StartFailure } from "./failure.ts";
import { accepts } from "./ports.ts";
import { describeExit, type Exit, launch, type ProcessSpec, type Surroundings } from "./process.ts";
import type { ContainerLayout } from "./site.ts";
import { describeEnd, type Supervised, supervise } from "./supervisor.ts";

export type Noted = Surroundings & {
  /** Tells the user what happens. */
  readonly note: (text: string) => void;
};

/** Something that has to happen before the predictor may get requests. */
export type Wait = { readonly text: string; readonly process: Supervised | undefined };

export type Crew = {
  readonly around: Noted;
  /** Ends when the predictor is stopped. */
  readonly signal: AbortSignal;
  readonly members: Supervised[];
  readonly waits: Set<Wait>;
  /** True until the predictor was ready, or failed. */
  readonly isStarting: () => boolean;
  /** Gives up the start; means nothing after it. */
  readonly fail: (failure: StartFailure) => void;
  /** Hears of each end that nobody asked for. */
  readonly onEnd: (spec: ProcessSpec, exit: Exit) => void;
};

/** A process that ended this often before the predictor was ready will not do better. */
const mostEnds = 5;

/** Starts a process for good. */
export const hire = (spec: ProcessSpec, crew: Crew): Supervised => {
  const member = supervise(spec, {
    ...crew.around,
    onEnd: (exit, nextStartInMs) => {
      crew.onEnd(spec, exit);
      const isLast = exit.by === "failure" || member.ends() >= mostEnds;
      if (crew.isStarting() && isLast) crew.fail(tooManyEnds(spec, exit, member));
      else crew.around.note(`${spec.label} ${describeEnd(exit, nextStartInMs)}`);
    },
  });
  crew.members.push(member);
  return member;
};

const tooManyEnds = (
  { label }: ProcessSpec,
  exit: Exit,
  { ends, tail }: Pick<Supervised, "ends" | "tail">,
): StartFailure => {
  const times = ends() > 1 ? `, ${ends()} times in a row` : "";
  return { reason: `${label} ${describeExit(exit)}${times}`, tail: tail() };
};

/** Waits until `done` says so, `limitMs` pass (which fails the start), or the predictor stops. */
export const until = async (
  wait: Wait,
  limitMs: number,
  crew: Crew,
  done: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> => {
  const late = new AbortController();
  const cancel = crew.around.clock.after(limitMs, () => late.abort());
  crew.waits.add(wait);
  const happened = await done(AbortSignal.any([crew.signal, late.signal]));
  cancel();
  crew.waits.delete(wait);
  if (happened || crew.signal.aborted) return;
  const reason = `waited ${limitMs / 1000} s in vain for ${describeWait(wait)}`;
  crew.fail({ reason, tail: wait.process?.tail() ?? [] });
};

/** Starts a container and waits until it accepts connections, if it has a port. */
export const startContainer = async (layout: ContainerLayout, crew: Crew): Promise<void> => {
  if (crew.signal.aborted) return;
  const member = hire(layout.process, crew);
  const { port } = layout;
  if (port === undefined) return;
  const text = `${layout.process.label} to accept connections on port ${port}`;
  await until({ text, process: member }, layout.startLimitMs, crew, (signal) =>
    accepts(port, crew.around.clock, signal),
  );
};

/** Runs an init container to its end, again if it fails; false when it never succeeds. */
export const runInit = async ({ process: spec }: ContainerLayout, crew: Crew): Promise<boolean> => {
  const { around, signal } = crew;
  const wait: Wait = { text: `${spec.label} to end`, process: undefined };
  crew.waits.add(wait);
  let waitedMs = 0;
  for (let run = 1; !signal.aborted; run += 1) {
    const startedAt = around.clock.now();
    const life = launch(spec, around);
    const stop = (): void => void life.stop();
    signal.addEventListener("abort", stop);
    const exit = await life.ended;
    signal.removeEventListener("abort", stop);
    if (exit.by === "code" && exit.code === 0) {
      crew.waits.delete(wait);
      return true;
    }
    if (signal.aborted) break;
    if (run === mostEnds || exit.by === "failure") {
      crew.fail(tooManyEnds(spec, exit, { ends: () => run, tail: life.tail }));
      break;
    }
    waitedMs = backoffMs(waitedMs, around.clock.now() - startedAt);
    around.note(`${spec.label} ${describeEnd(exit, waitedMs)}`);
    await pause(around.clock, waitedMs, signal);
  }
  return false;
};

/** `wine/main/model to accept connections on port 9000 (exited with code 1; next start in 2 s)`. */
export const describeWait = ({ text, process }: Wait): string => {
  const state = process?.state();
  return state?.is === "waiting"
    ? `${text} (it ${describeEnd(state.exit, state.nextStartInMs)})`
    : text;
};
