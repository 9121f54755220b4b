export type Spectrum = {
  /** The largest first. */
  readonly values: Float64Array;
  /** Row k is the unit vector that belongs to value k. */
  readonly vectors: Float64Array;
};

/** A tridiagonal matrix, and the rows of the orthogonal one that made it so. */
type Tridiagonal = {
  readonly size: number;
  readonly diagonal: Float64Array;
  /** Beside the diagonal; the last one is not used. */
  readonly beside: Float64Array;
  readonly vectors: Float64Array;
};

/** Steps for each value; two or three do. What is no number never ends otherwise. */
const mostSteps = 50;

/**
 * Eigenvalues and vectors of a symmetric matrix of `size` rows, which is used up.
 *
 * Source: Golub and Van Loan, "Matrix Computations", 4th edition (2013), section 8.3: Householder
 * tridiagonalization, then the symmetric QR algorithm.
 */
export const eigen = (matrix: Float64Array, size: number): Spectrum => {
  const work = tridiagonal(matrix, size);
  const { diagonal, beside } = work;
  let steps = mostSteps * size;
  let end = size - 1;
  while (end > 0 && steps > 0) {
    if (isNothing(work, end - 1)) {
      end -= 1;
      continue;
    }
    let start = end - 1;
    while (start > 0 && !isNothing(work, start - 1)) start -= 1;
    if (start > 0) beside[start - 1] = 0;
    step(work, start, end);
    steps -= 1;
  }
  return sorted(diagonal, work.vectors, size);
};

const isNothing = ({ diagonal, beside }: Tridiagonal, at: number): boolean =>
  Math.abs(beside[at] ?? 0) <=
  Number.EPSILON * (Math.abs(diagonal[at] ?? 0) + Math.abs(diagonal[at + 1] ?? 0));

/** Algorithm 8.3.1. */
const tridiagonal = (matrix: Float64Array, size: number): Tridiagonal => {
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) vectors[i * size + i] = 1;
  const vector = new Float64Array(size);
  for (let k = 0; k < size - 2; k += 1) {
    const factor = householder(matrix.subarray(k * size, (k + 1) * size), k + 1, vector);
    if (factor === 0) continue;
    reflectBothSides(matrix, vector, factor, k);
    reflectRows(vectors, vector, factor, k);
  }
  return {
    size,
    diagonal: Float64Array.from({ length: size }, (_, i) => matrix[i * size + i] ?? 0),
    beside: Float64Array.from({ length: size }, (_, i) => matrix[i * size + i + 1] ?? 0),
    vectors,
  };
};

/**
 * The vector v, zero before `from`, for which `x - factor v (v . x)` has nothing behind `from`;
 * the factor is 0 where there is nothing already. Algorithm 5.1.1, without its scaling.
 */
const householder = (row: Float64Array, from: number, vector: Float64Array): number => {
  let rest = 0;
  vector.fill(0);
  for (let j = from + 1; j < row.length; j += 1) {
    const value = row[j] ?? 0;
    vector[j] = value;
    rest += value * value;
  }
  if (!(rest > 1e-300)) return 0; // less is beyond the reach of squares
  const head = row[from] ?? 0;
  const length = Math.sqrt(head * head + rest);
  const first = head <= 0 ? head - length : -rest / (head + length);
  vector[from] = first;
  return 2 / (first * first + rest);
};

/** `A - v w' - w v'`, with `w` made of `A v`, on the rows and columns from k on. */
const reflectBothSides = (
  matrix: Float64Array,
  vector: Float64Array,
  factor: number,
  k: number,
): void => {
  const size = vector.length;
  const other = new Float64Array(size);
  let along = 0;
  for (let i = k; i < size; i += 1) {
    other[i] = factor * dot(matrix, vector, i * size, k);
    along += (other[i] ?? 0) * (vector[i] ?? 0);
  }
  for (let i = k; i < size; i += 1)
    other[i] = (other[i] ?? 0) - (factor / 2) * along * (vector[i] ?? 0);
  for (let i = k; i < size; i += 1) {
    const v = vector[i] ?? 0;
    const w = other[i] ?? 0;
    for (let j = k; j < size; j += 1) {
      const at = i * size + j;
      matrix[at] = (matrix[at] ?? 0) - v * (other[j] ?? 0) - w * (vector[j] ?? 0);
    }
  }
};

const dot = (matrix: Float64Array, vector: Float64Array, row: number, from: number): number => {
  let sum = 0;
  for (let j = from; j < vector.length; j += 1) sum += (matrix[row + j] ?? 0) * (vector[j] ?? 0);
  return sum;
};

/** `Q - v (factor v' Q)`: the vectors are rows, so they are reflected from the left. */
const reflectRows = (
  vectors: Float64Array,
  vector: Float64Array,
  factor: number,
  k: number,
): void => {
  const size = vector.length;
  const sums = new Float64Array(size);
  for (let i = k; i < size; i += 1) {
    const v = vector[i] ?? 0;
    for (let j = 0; j < size; j += 1) sums[j] = (sums[j] ?? 0) + v * (vectors[i * size + j] ?? 0);
  }
  for (let i = k; i < size; i += 1) {
    const scaled = factor * (vector[i] ?? 0);
    for (let j = 0; j < size; j += 1) {
      vectors[i * size + j] = (vectors[i * size + j] ?? 0) - scaled * (sums[j] ?? 0);
    }
  }
};

/** One implicit QR step with Wilkinson's shift on the block from `start` to `end`. Algorithm 8.3.2. */
const step = (
  { size, diagonal, beside, vectors }: Tridiagonal,
  start: number,
  end: number,
): void => {
  let x = (diagonal[start] ?? 0) - shiftOf(diagonal, beside, end);
  let z = beside[start] ?? 0;
  for (let k = start; k < end && z !== 0; k += 1) {
    const length = Math.hypot(x, z);
    const c = x / length;
    const s = z / length;
    if (k > start) beside[k - 1] = length;
    const [a, b, d] = [diagonal[k] ?? 0, beside[k] ?? 0, diagonal[k + 1] ?? 0];
    diagonal[k] = c * c * a + 2 * c * s * b + s * s * d;
    diagonal[k + 1] = s * s * a - 2 * c * s * b + c * c * d;
    beside[k] = c * s * (d - a) + (c * c - s * s) * b;
    x = beside[k] ?? 0;
    if (k + 1 < end) {
      z = s * (beside[k + 1] ?? 0);
      beside[k + 1] = c * (beside[k + 1] ?? 0);
    }
    rotateRows(vectors, k * size, size, [c, s]);
  }
};

/** The eigenvalue of the last two by two that is nearer to its last element. */
const shiftOf = (diagonal: Float64Array, beside: Float64Array, end: number): number => {
  const last = diagonal[end] ?? 0;
  const off = beside[end - 1] ?? 0;
  const half = ((diagonal[end - 1] ?? 0) - last) / 2;
  const root = Math.hypot(half, off);
  return last - (off / (half + (half < 0 ? -root : root))) * off;
};

const rotateRows = (
  vectors: Float64Array,
  row: number,
  size: number,
  [c, s]: readonly [number, number],
): void => {
  for (let at = row; at < row + size; at += 1) {
    const one = vectors[at] ?? 0;
    const other = vectors[at + size] ?? 0;
    vectors[at] = c * one + s * other;
    vectors[at + size] = c * other - s * one;
  }
};

const sorted = (diagonal: Float64Array, vectors: Float64Array, size: number): Spectrum => {
  const value = (i: number): number => diagonal[i] ?? 0;
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => value(b) - value(a));
  const arranged = new Float64Array(size * size);
  order.forEach((from, to) => {
    arranged.set(vectors.subarray(from * size, (from + 1) * size), to * size);
  });
  return { values: Float64Array.from(order, value), vectors: arranged };
};
