/**
 * Whole percents in the ratio of these weights, 100 together; what rounding leaves goes to those
 * that lost most by it. A weight of 0 stays 0; the weights sum to something.
 */
export const percentages = (weights: readonly number[]): readonly number[] => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const exact = weights.map((weight) => (weight * 100) / total);
  const missing = 100 - exact.reduce((sum, each) => sum + Math.floor(each), 0);
  const lost = exact.map((each, i) => ({ i, part: each - Math.floor(each) }));
  const raised = new Set(
    lost
      .toSorted((a, b) => b.part - a.part)
      .slice(0, missing)
      .map(({ i }) => i),
  );
  return exact.map((each, i) => Math.floor(each) + (raised.has(i) ? 1 : 0));
};
