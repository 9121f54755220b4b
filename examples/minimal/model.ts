/** Celsius in, Fahrenheit out. */
export class Model {
  predict(X: number[][]): number[][] {
    return X.map((row) => row.map((celsius) => celsius * 1.8 + 32));
  }

  classNames(): string[] {
    return ["fahrenheit"];
  }
}
