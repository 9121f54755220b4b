/** Something that happens at a time unless it is taken back. */
export type Deadline = { readonly at: number; readonly expire: () => void };

/** As its maker knows it. */
type Pending = {
  readonly at: number;
  expire: () => void;
  /** Place among the pending ones; -1 once it is over. */
  index: number;
};

export type Deadlines = {
  /** Calls `expire` once, `afterMs` from now or up to a tick later, unless cleared first. */
  set(afterMs: number, expire: () => void): Deadline;
  clear(deadline: Deadline): void;
};

const tickMs = 10;
const idleTicksBeforeRest = 100;

const over = (): void => {};

/**
 * Deadlines by the thousand on one coarse timer: a timer each would cost a request a tenth of its
 * time (docs/decisions/0002-data-path.md). Accurate to a tick of 10 ms; the timer rests when there
 * is nothing to watch and never keeps the process alive.
 *
 * The pending ones stand in an array, in no order: a Set that is always growing and shrinking
 * keeps what it held alive until the next large collection. A tick looks through them only when one
 * may be due: `soonest` is never later than the first of them, and mostly of one long cleared.
 */
export const makeDeadlines = (now: () => number = () => performance.now()): Deadlines => {
  const pending: Pending[] = [];
  let timer: NodeJS.Timeout | undefined;
  let idleTicks = 0;
  let soonest = Number.POSITIVE_INFINITY;

  const clear = (deadline: Pending): void => {
    if (deadline.index < 0) return;
    const last = pending.pop();
    if (last !== undefined && last !== deadline) {
      pending[deadline.index] = last;
      last.index = deadline.index;
    }
    deadline.index = -1;
    deadline.expire = over;
  };

  const tick = (): void => {
    idleTicks = pending.length === 0 ? idleTicks + 1 : 0;
    if (idleTicks > idleTicksBeforeRest) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    const time = now();
    if (time < soonest) return;
    const due = pending.filter(({ at }) => at <= time).sort((a, b) => a.at - b.at);
    for (const deadline of due) {
      const { expire } = deadline; // nothing, if an earlier one has cleared it
      clear(deadline);
      expire();
    }
    soonest = pending.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
  };

  return {
    set: (afterMs, expire) => {
      const deadline = { at: now() + afterMs, expire, index: pending.length };
      pending.push(deadline);
      if (deadline.at < soonest) soonest = deadline.at;
      if (timer === undefined) {
        idleTicks = 0;
        timer = setInterval(tick, tickMs);
        timer.unref();
      }
      return deadline;
    },
    clear: (deadline) => clear(deadline as Pending), // every Deadline was made above
  };
};
