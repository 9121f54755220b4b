import type { basic } from "../../api/built-ins/basic.ts";
import type { Values } from "../../api/built-ins/read.ts";
import { EngineError } from "../errors.ts";
import type { Means } from "./definition.ts";
import { fraction } from "./fraction.ts";
import type { BuiltInNode, Look } from "./node.ts";
import { fieldOf } from "./sticky.ts";

type Parameters = Values<typeof basic.RANDOM_ABTEST>;

/**
 * Sends each request to a child at random, by the `weights` of the children. Without weights there
 * are two: the first gets the fraction `ratioA`, read at the precision of a 32-bit float, which
 * counts only as the single parameter beside the sticky ones, and is 0.5 otherwise.
 *
 * With `sticky_header` or `sticky_field` the draw is a hash of that value: in every engine, at any
 * time, the same value goes to the same child. With both, the field counts where the header is not
 * there. A request without the value is drawn by itself.
 *
 * @throws {EngineError} PARAMETER_INVALID for a `ratioA` that is no number, weights that do not fit,
 * or a `sticky_header` that is no name of a header.
 * Source: engine contract, 6.8.
 */
export const makeAbTest = (values: Parameters, means: Means): BuiltInNode => {
  const { name, random } = means;
  const shares = values.weights === undefined ? ratio(means) : weighted(values.weights, means);
  const stuckTo = stickyValue(values, means);
  return {
    route: (look) => {
      const held = stuckTo?.(look);
      const draw = held === undefined ? random() : fraction(`${name}\0${held}`);
      const child = shares.findIndex((upTo) => draw < upTo);
      return child < 0 ? shares.length - 1 : child;
    },
  };
};

/** Parameters that v1 does not have. */
const sticky = new Set(["sticky_header", "sticky_field"]);

/** The end of each child's share of [0, 1). */
type Shares = readonly number[];

const ratio = ({ name, parameters }: Means): Shares => {
  const [only, ...more] = parameters.filter((one) => !sticky.has(one.name));
  const given = more.length === 0 && only?.name === "ratioA" ? only.value : undefined;
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

const stickyValue = (
  { sticky_header: header, sticky_field: field }: Parameters,
  { name }: Means,
): ((look: Look) => string | undefined) | undefined => {
  if (header !== undefined && !isHeader.test(header)) {
    throw new EngineError(
      "PARAMETER_INVALID",
      `node ${name}: parameter sticky_header is "${header}"; write the name of a header: letters, digits, "-", "_" and "."`,
    );
  }
  if (header === undefined && field === undefined) return undefined;
  return (look) =>
    (header === undefined ? undefined : look.header(header)) ??
    (field === undefined ? undefined : fieldOf(look, field));
};

/** What can be a header and a key of gRPC metadata alike. Source: gRPC over HTTP/2, requests. */
const isHeader = /^[\w.-]+$/;
