/** Classes that count, for graphs over v2. */

/** Numbers twice as large, whatever their shape. */
export class Double {
  predict(X: unknown): unknown {
    return Array.isArray(X) ? X.map((one) => this.predict(one)) : Number(X) * 2;
  }
}

/** A transformer that changes nothing. */
export class Same {
  transformInput(X: unknown): unknown {
    return X;
  }
}

/** Counts from 1 to the number it gets; refuses to count beyond 9. */
export class Count {
  async *predictStream(X: readonly (readonly number[])[]): AsyncGenerator<number[]> {
    const limit = Number([X].flat(2)[0]);
    for (let number = 1; number <= limit; number += 1) {
      if (number > 9) throw new Error("too far to count");
      yield [number];
    }
  }
}
