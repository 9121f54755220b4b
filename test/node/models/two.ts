/** Answers 2, to tell whom it has asked. */
export class Model {
  predict(X: number[][]): number[][] {
    return X.map(() => [2]);
  }
}
