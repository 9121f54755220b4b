import scaler from "./scaler.json" with { type: "json" };

/** Brings every measurement to mean 0 and deviation 1, as the models were trained. */
export class Scaler {
  transformInput(X: number[][]): number[][] {
    return X.map((row) =>
      scaler.columns.map(({ name, mean, scale }, i) => {
        const value = row[i];
        if (typeof value === "number") return (value - mean) / scale;
        throw Object.assign(new Error(`no number for ${name}, column ${i}`), { status: 400 });
      }),
    );
  }

  featureNames(): string[] {
    return scaler.columns.map(({ name }) => name);
  }
}
