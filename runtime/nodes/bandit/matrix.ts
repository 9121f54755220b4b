/** Square matrices as rows one after another, changed in place. */

/** `into` becomes the matrix times the vector. */
export const product = (matrix: Float64Array, vector: Float64Array, into: Float64Array): void => {
  const width = vector.length;
  for (let i = 0; i < width; i += 1) {
    let sum = 0;
    for (let j = 0; j < width; j += 1) sum += (matrix[i * width + j] ?? 0) * (vector[j] ?? 0);
    into[i] = sum;
  }
};

/**
 * The inverse of A becomes that of A + x x'. `scratch` is as long as x.
 *
 * Source: Sherman and Morrison, Annals of Mathematical Statistics 21 (1950).
 */
export const addOuterToInverse = (
  inverse: Float64Array,
  x: Float64Array,
  scratch: Float64Array,
): void => {
  const width = x.length;
  product(inverse, x, scratch);
  let divisor = 1;
  for (let i = 0; i < width; i += 1) divisor += (x[i] ?? 0) * (scratch[i] ?? 0);
  for (let i = 0; i < width; i += 1) {
    const factor = (scratch[i] ?? 0) / divisor;
    for (let j = 0; j < width; j += 1) {
      inverse[i * width + j] = (inverse[i * width + j] ?? 0) - factor * (scratch[j] ?? 0);
    }
  }
};

/**
 * Inverts a symmetric matrix that is a sum of squares and of `least` times the identity.
 *
 * No pivot of such a matrix is below `least`: one that comes out lower has lost its digits.
 *
 * Source: Golub and Van Loan, "Matrix Computations", 4th edition (2013), section 4.2 (Cholesky).
 */
export const invertPositive = (matrix: Float64Array, width: number, least: number): void => {
  const lower = choleskyOf(matrix, width, least);
  const column = new Float64Array(width);
  for (let k = 0; k < width; k += 1) {
    solveUnit(lower, k, column);
    for (let i = k; i < width; i += 1) {
      matrix[i * width + k] = column[i] ?? 0;
      matrix[k * width + i] = column[i] ?? 0;
    }
  }
};

/** From place k on, the solution of L L' x = e_k: L y = e_k forward, whose first k numbers are 0, then L' x = y back. */
const solveUnit = (lower: Float64Array, k: number, x: Float64Array): void => {
  const width = x.length;
  for (let i = k; i < width; i += 1) {
    let sum = i === k ? 1 : 0;
    for (let j = k; j < i; j += 1) sum -= (lower[i * width + j] ?? 0) * (x[j] ?? 0);
    x[i] = sum / (lower[i * width + i] ?? 1);
  }
  for (let i = width - 1; i >= k; i -= 1) {
    let sum = x[i] ?? 0;
    for (let j = i + 1; j < width; j += 1) sum -= (lower[j * width + i] ?? 0) * (x[j] ?? 0);
    x[i] = sum / (lower[i * width + i] ?? 1);
  }
};

const choleskyOf = (matrix: Float64Array, width: number, least: number): Float64Array => {
  const lower = new Float64Array(width * width);
  for (let i = 0; i < width; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = matrix[i * width + j] ?? 0;
      for (let k = 0; k < j; k += 1) {
        sum -= (lower[i * width + k] ?? 0) * (lower[j * width + k] ?? 0);
      }
      lower[i * width + j] =
        i === j ? Math.sqrt(Math.max(sum, least)) : sum / (lower[j * width + j] ?? 1);
    }
  }
  return lower;
};
