/** Keeps one process alive: restarts with backoff, and says what happens to it. */
import { backoffMs } from "./backoff.ts";
import {
  describeExit,
  type Exit,
  type Life,
  launch,
  type ProcessSpec,
  type Surroundings,
} from "./process.ts";

export type ProcessState =
  | { readonly is: "running" }
  | { readonly is: "waiting"; readonly exit: Exit; readonly nextStartInMs: number }
  | { readonly is: "stopped" };

export type Supervised = {
  readonly spec: ProcessSpec;
  state(): ProcessState;
  /** Ends so far; 0 while the first life goes on. */
  ends(): number;
  /** The last lines printed, of the life that runs or ran last. */
  tail(): readonly string[];
  /** Ends it for good: SIGTERM to its group, SIGKILL after its grace. */
  stop(): Promise<void>;
  /** SIGKILL at once, and no restart. */
  kill(): void;
};

export type SupervisorOptions = Surroundings & {
  /** Hears of each end that nobody asked for, before the wait for the next start. */
  readonly onEnd: (exit: Exit, nextStartInMs: number) => void;
};

export const supervise = (spec: ProcessSpec, options: SupervisorOptions): Supervised => {
  const { clock } = options;
  let life: Life | undefined;
  let tail: readonly string[] = [];
  let state: ProcessState = { is: "running" };
  let ends = 0;
  let waitedMs = 0;
  let cancelStart = (): void => {};

  const start = (): void => {
    const startedAt = clock.now();
    const current = launch(spec, options);
    life = current;
    state = { is: "running" };
    void current.ended.then((exit) => {
      life = undefined;
      tail = current.tail();
      if (state.is === "stopped") return;
      ends += 1;
      waitedMs = backoffMs(waitedMs, clock.now() - startedAt);
      state = { is: "waiting", exit, nextStartInMs: waitedMs };
      cancelStart = clock.after(waitedMs, start);
      options.onEnd(exit, waitedMs);
    });
  };

  const end = (): Life | undefined => {
    state = { is: "stopped" };
    cancelStart();
    return life;
  };

  start();
  return {
    spec,
    state: () => state,
    ends: () => ends,
    tail: () => life?.tail() ?? tail,
    stop: async () => {
      await end()?.stop();
    },
    kill: () => end()?.kill(),
  };
};

/** `exited with code 1; next start in 2 s`. */
export const describeEnd = (exit: Exit, nextStartInMs: number): string =>
  `${describeExit(exit)}; next start in ${nextStartInMs / 1000} s`;
