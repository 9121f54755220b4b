import type { basic } from "../../api/built-ins/basic.ts";
import type { Values } from "../../api/built-ins/read.ts";
import { EngineError } from "../errors.ts";
import type { Means } from "./definition.ts";
import { fraction } from "./fraction.ts";
import type { BuiltInNode, Look } from "./node.ts";

type Parameters = Values<typeof basic.RANDOM_ABTEST>;

/**
 * Sends each request to a child at random, by the `weights` of the children. Without weights there
 * are two: the first gets the fraction `ratioA`, read at the precision of a 32-bit float, which
 * counts only as the single parameter of the node, and is 0.5 otherwise.
 *
 * With `sticky_header` or `sticky_field` the draw is a hash of that value: in every engine, at any
 * time, the same value goes to the same child. A request without the value is drawn by itself.
 *
 * @throws {EngineError} PARAMETER_INVALID for a `ratioA` that is no number, or weights that do not fit.
 * Source: engine contract, 6.8.
 */
export const makeAbTest = (values: Parameters, means: Means): BuiltInNode => {
  const { name, random } = means;
  const shares = values.weights === undefined ? ratio(means) : weighted(values.weights, means);
  const sticky = stickyValue(values);
  return {
    route: (look) => {
      const held = sticky?.(look);
      const draw = held === undefined ? random() : fraction(`${name}\0${held}`);
      const child = shares.findIndex((upTo) => draw < upTo);
      return child < 0 ? shares.length - 1 : child;
    },
  };
};

/** The end of each child's share of [0, 1). */
type Shares = readonly number[];

const ratio = ({ name, parameters }: Means): Shares => {
  const [only] = parameters;
  const given = parameters.length === 1 && only?.name === "ratioA" ? only.value : undefined;
  const first = given === undefined ? 0.5 : Math.fround(Number(given));
  if (given?.trim() === "" || Number.isNaN(first)) {
    throw new EngineError(
      "PARAMETER_INVALID",
      `node ${name}: parameter ratioA is "${given}"; write a number from 0 to 1`,
    );
  }
  return [first, 1];
};

const weighted = (weights: readonly number[], { name, branches }: Means): Shares => {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (weights.length !== branches.length || !(sum > 0)) {
    throw new EngineError(
      "PARAMETER_INVALID",
      `node ${name}: parameter weights has ${weights.length} numbers with the sum ${sum}; write one for each of the ${branches.length} children, not all 0`,
    );
  }
  let total = 0;
  return weights.map((weight) => {
    total += weight;
    return total / sum;
  });
};

const stickyValue = ({
  sticky_header: header,
  sticky_field: field,
}: Parameters): ((look: Look) => string | undefined) | undefined => {
  if (header !== undefined) return (look) => look.header(header);
  if (field !== undefined) return (look) => valueOfColumn(look, field);
  return undefined;
};

/** Of the first row. */
const valueOfColumn = (look: Look, column: string): string | undefined => {
  const { names, values } = look.numbers();
  const at = names.indexOf(column);
  return at < 0 ? undefined : String(values[at]);
};
