/** The weighted mean of what two models say: the softmax, then the forest. */
export class Ensemble {
  readonly weights: number[];

  constructor({ softmaxWeight = 0.5 }: { softmaxWeight?: number }) {
    this.weights = [softmaxWeight, 1 - softmaxWeight];
  }

  aggregate([softmax = [], forest = []]: number[][][]): number[][] {
    const [first = 0, second = 0] = this.weights;
    return softmax.map((row, r) =>
      row.map((value, c) => first * value + second * (forest[r]?.[c] ?? Number.NaN)),
    );
  }

  classNames(): string[] {
    return ["cultivar_0", "cultivar_1", "cultivar_2"];
  }
}
