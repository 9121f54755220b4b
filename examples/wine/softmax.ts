import softmax from "./softmax.json" with { type: "json" };

/** Multinomial logistic regression: probabilities of the three cultivars. */
export class Softmax {
  predict(X: number[][]): number[][] {
    return X.map((row) => {
      const scores = softmax.classes.map(({ intercept, coefficients }) =>
        coefficients.reduce((sum, weight, i) => sum + weight * (row[i] ?? Number.NaN), intercept),
      );
      const highest = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - highest));
      const total = powers.reduce((sum, power) => sum + power, 0);
      return powers.map((power) => power / total);
    });
  }

  classNames(): string[] {
    return softmax.classes.map(({ name }) => name);
  }
}
