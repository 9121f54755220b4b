export type Spectrum = {
  /** The largest first. */
  readonly values: Float64Array;
  /** Row k is the unit vector that belongs to value k. */
  readonly vectors: Float64Array;
};

/** Enough by far: six to ten make the smallest of rotations out of any matrix of this size. */
const mostSweeps = 60;

/**
 * Eigenvalues and vectors of a symmetric matrix of `size` rows, which is used up.
 *
 * Source: the cyclic Jacobi method; Golub and Van Loan, Matrix Computations (4th ed.), 8.5.
 */
export const eigen = (matrix: Float64Array, size: number): Spectrum => {
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) vectors[i * size + i] = 1;
  let norm = 0;
  for (let i = 0; i < size; i += 1) norm += Math.abs(matrix[i * size + i] ?? 0);
  const work = { matrix, vectors, size, negligible: norm * 1e-20 };
  let rotated = true;
  for (let sweep = 0; rotated && sweep < mostSweeps; sweep += 1) {
    rotated = false;
    for (let p = 0; p < size - 1; p += 1) {
      for (let q = p + 1; q < size; q += 1) {
        rotated = annihilate(work, p, q) || rotated;
      }
    }
  }
  return sorted(matrix, vectors, size);
};

type Work = {
  readonly matrix: Float64Array;
  readonly vectors: Float64Array;
  readonly size: number;
  /** An element of this size is nothing beside the largest eigenvalue. */
  readonly negligible: number;
};

/** Makes the element at (p, q) zero; false if it counts as zero already. */
const annihilate = ({ matrix, vectors, size, negligible }: Work, p: number, q: number): boolean => {
  const off = matrix[p * size + q] ?? 0;
  const first = matrix[p * size + p] ?? 0;
  const second = matrix[q * size + q] ?? 0;
  const beside = Number.EPSILON * Math.sqrt(Math.abs(first)) * Math.sqrt(Math.abs(second));
  if (!(Math.abs(off) > Math.max(beside, negligible))) return false;
  const theta = (second - first) / (2 * off);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(t, 1);
  const sine = t * cosine;
  for (let k = 0; k < size; k += 1) rotate(matrix, [k * size + p, k * size + q], cosine, sine);
  for (let k = 0; k < size; k += 1) rotate(matrix, [p * size + k, q * size + k], cosine, sine);
  for (let k = 0; k < size; k += 1) rotate(vectors, [p * size + k, q * size + k], cosine, sine);
  return true;
};

const rotate = (
  numbers: Float64Array,
  [at, other]: readonly [number, number],
  cosine: number,
  sine: number,
): void => {
  const one = numbers[at] ?? 0;
  const two = numbers[other] ?? 0;
  numbers[at] = cosine * one - sine * two;
  numbers[other] = sine * one + cosine * two;
};

const sorted = (matrix: Float64Array, vectors: Float64Array, size: number): Spectrum => {
  const value = (i: number): number => matrix[i * size + i] ?? 0;
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => value(b) - value(a));
  const arranged = new Float64Array(size * size);
  order.forEach((from, to) => {
    arranged.set(vectors.subarray(from * size, (from + 1) * size), to * size);
  });
  return { values: Float64Array.from(order, value), vectors: arranged };
};
