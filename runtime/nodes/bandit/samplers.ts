import type { Random } from "../definition.ts";

/** Draws from the distributions that bandits need. */
export type Samplers = {
  /** Mean 0, variance 1. */
  normal(): number;
  /** Mean and variance `shape`, which is above 0. */
  gamma(shape: number): number;
  /** From (0, 1), with the mean a / (a + b); both are above 0. */
  beta(a: number, b: number): number;
};

/**
 * Source: Marsaglia and Bray, "A convenient method for generating normal variables", SIAM Review 6
 * (1964); Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
 */
export const makeSamplers = (random: Random): Samplers => {
  let spare: number | undefined;

  const normal = (): number => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const x = 2 * random() - 1;
      const y = 2 * random() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };

  const gammaFromOne = (shape: number): number => {
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      const u = 1 - random(); // never 0
      const squeezed = u < 1 - 0.0331 * x ** 4;
      if (squeezed || Math.log(u) < x * x * 0.5 + d * (1 - v + Math.log(v))) return d * v;
    }
  };

  /** Its logarithm: with a shape near 0 the draw itself is too small for a number. */
  const logGamma = (shape: number): number =>
    shape >= 1
      ? Math.log(gammaFromOne(shape))
      : Math.log(gammaFromOne(shape + 1)) + Math.log(1 - random()) / shape;

  return {
    normal,
    gamma: (shape) => (shape >= 1 ? gammaFromOne(shape) : Math.exp(logGamma(shape))),
    beta: (a, b) => {
      if (a < 1 || b < 1) return 1 / (1 + Math.exp(logGamma(b) - logGamma(a)));
      const x = gammaFromOne(a);
      return x / (x + gammaFromOne(b));
    },
  };
};
