/** Answers 1, to tell whom it has asked. */
export class Model {
  predict(X: number[][]): number[][] {
    return X.map(() => [1]);
  }
}
