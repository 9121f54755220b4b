import type { NumericView } from "./view.ts";

/** What SIMPLE_MODEL answers to anything: one row of three class scores. Source: deviation E5. */
export const simpleModelAnswer: NumericView = {
  shape: [1, 3],
  values: [0.1, 0.9, 0.5],
  names: ["class0", "class1", "class2"],
};

/** SIMPLE_ROUTER sends everything to its first child. Source: deviation E5. */
export const simpleRoute = (): number => 0;
