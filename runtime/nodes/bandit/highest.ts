/** The one with the highest score, the first of several; one without a number is no candidate. */
export const highest = (among: readonly number[], scoreOf: (arm: number) => number): number => {
  let best = among[0] ?? 0;
  let bestScore = -Infinity;
  for (const arm of among) {
    const score = scoreOf(arm);
    if (score > bestScore) {
      best = arm;
      bestScore = score;
    }
  }
  return best;
};
