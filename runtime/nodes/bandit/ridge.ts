/**
 * Ridge regression of an arm's rewards on the rows of its requests.
 *
 * Its sums are numbers of the arm's own: the upper triangle of the sum of x x', row by row, then the
 * sum of r x. The inverse that predictions need is made of them, and follows them row by row.
 */
import type { Arms } from "./arms.ts";
import { addOuterToInverse, invertPositive, product } from "./matrix.ts";

export type Row = Float64Array;

export type Prediction = {
  readonly mean: number;
  /** Of the mean, in units of the deviation of a reward. */
  readonly deviation: number;
};

export type Ridge = {
  predict(row: Row): Prediction;
  /** Adds rows that got the same reward, each a trial. @throws {EngineError} as `Arms.learn`. */
  learn(rows: readonly Row[], reward: number): void;
  coefficients(): readonly number[];
};

type RidgeOptions = {
  readonly arm: number;
  readonly width: number;
  /** What is added to the diagonal, above 0. */
  readonly lambda: number;
};

/** How many numbers an arm keeps for rows of this width. */
export const ridgeLength = (width: number): number => (width * (width + 1)) / 2 + width;

/** After so many rows the inverse is made anew, before rounding shows. */
const mostFollowed = 1000;

/**
 * Source: Sherman and Morrison, "Adjustment of an inverse matrix corresponding to a change in one
 * element of a given matrix", Annals of Mathematical Statistics 21 (1950).
 */
export const makeRidge = (arms: Arms, { arm, width, lambda }: RidgeOptions): Ridge => {
  const inverse = new Float64Array(width * width);
  const theta = new Float64Array(width);
  const moment = new Float64Array(width);
  const image = new Float64Array(width);
  /** The trials of which the inverse knows: other engines add to the sums, too. */
  let known = -1;
  let followed = 0;
  const vectorAt = ridgeLength(width) - width;

  const renew = (): void => {
    let place = 0;
    for (let i = 0; i < width; i += 1) {
      for (let j = i; j < width; j += 1) {
        const sum = arms.own(arm, place) + (i === j ? lambda : 0);
        inverse[i * width + j] = sum;
        inverse[j * width + i] = sum;
        place += 1;
      }
    }
    invertPositive(inverse, width, lambda);
    followed = 0;
  };

  const solve = (): void => {
    for (let i = 0; i < width; i += 1) moment[i] = arms.own(arm, vectorAt + i);
    product(inverse, moment, theta);
    known = arms.trials(arm);
  };

  const catchUp = (): void => {
    if (known === arms.trials(arm)) return;
    renew();
    solve();
  };

  return {
    predict: (row) => {
      catchUp();
      product(inverse, row, image);
      let mean = 0;
      let variance = 0;
      for (let i = 0; i < width; i += 1) {
        const x = row[i] ?? 0;
        mean += x * (theta[i] ?? 0);
        variance += x * (image[i] ?? 0);
      }
      return { mean, deviation: Math.sqrt(Math.max(0, variance)) };
    },
    learn: (rows, reward) => {
      const isKnown = known === arms.trials(arm);
      arms.learn(arm, reward, rows.length, sumsOf(rows, reward, width));
      followed += rows.length;
      if (!isKnown || rows.length > width || followed > mostFollowed) {
        known = -1;
        return;
      }
      for (const row of rows) addOuterToInverse(inverse, row, image);
      solve();
    },
    coefficients: () => {
      catchUp();
      return Array.from(theta);
    },
  };
};

const sumsOf = (rows: readonly Row[], reward: number, width: number): readonly number[] => {
  const sums = new Array<number>(ridgeLength(width)).fill(0);
  const vectorAt = sums.length - width;
  for (const row of rows) {
    let place = 0;
    for (let i = 0; i < width; i += 1) {
      const x = row[i] ?? 0;
      sums[vectorAt + i] = (sums[vectorAt + i] ?? 0) + reward * x;
      for (let j = i; j < width; j += 1) {
        sums[place] = (sums[place] ?? 0) + x * (row[j] ?? 0);
        place += 1;
      }
    }
  }
  return sums;
};
