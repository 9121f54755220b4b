/** The last rewards that one engine got, for people to look at. */

type Entry = { readonly arm: number; readonly reward: number; readonly trials: number };

/** An entry as it is listed. */
type Line = {
  readonly at: string;
  readonly branch: number;
  readonly reward: number;
  readonly trials: number;
};

export type History = {
  add(entry: Entry): void;
  /** The oldest first. */
  all(): readonly Line[];
};

const most = 1000;

export const makeHistory = (now: () => number): History => {
  const lines: Line[] = [];
  let next = 0;
  return {
    add: ({ arm, reward, trials }) => {
      lines[next] = { at: new Date(now()).toISOString(), branch: arm, reward, trials };
      next = (next + 1) % most;
    },
    all: () => (lines.length < most ? [...lines] : [...lines.slice(next), ...lines.slice(0, next)]),
  };
};
