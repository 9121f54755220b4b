/** Something that happens at a time unless it is taken back. */
export type Deadline = { readonly at: number; readonly expire: () => void };

export type Deadlines = {
  /** Calls `expire` once, `afterMs` from now or up to a tick later, unless cleared first. */
  set(afterMs: number, expire: () => void): Deadline;
  clear(deadline: Deadline): void;
};

const tickMs = 10;
const idleTicksBeforeRest = 100;

/**
 * Deadlines by the thousand on one coarse timer: a timer each would cost a request a tenth of its
 * time (docs/decisions/0002-data-path.md). Accurate to a tick of 10 ms; the timer rests when there
 * is nothing to watch and never keeps the process alive.
 */
export const makeDeadlines = (now: () => number = () => performance.now()): Deadlines => {
  const pending = new Set<Deadline>();
  let timer: NodeJS.Timeout | undefined;
  let idleTicks = 0;

  const tick = (): void => {
    idleTicks = pending.size === 0 ? idleTicks + 1 : 0;
    if (idleTicks > idleTicksBeforeRest) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    const time = now();
    for (const deadline of pending) {
      if (deadline.at > time) continue;
      pending.delete(deadline);
      deadline.expire();
    }
  };

  return {
    set: (afterMs, expire) => {
      const deadline = { at: now() + afterMs, expire };
      pending.add(deadline);
      if (timer === undefined) {
        idleTicks = 0;
        timer = setInterval(tick, tickMs);
        timer.unref();
      }
      return deadline;
    },
    clear: (deadline) => {
      pending.delete(deadline);
    },
  };
};
