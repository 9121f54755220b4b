/** The nodes that v1 has too. */
import { basic } from "../../api/built-ins/basic.ts";
import { makeAbTest } from "./abtest.ts";
import { makeAverage } from "./average.ts";
import { type Definition, define } from "./definition.ts";
import { simpleModel, simpleRouter } from "./simple.ts";

export const basicNodes: Readonly<Record<keyof typeof basic, Definition>> = {
  SIMPLE_MODEL: define(basic.SIMPLE_MODEL, () => simpleModel),
  SIMPLE_ROUTER: define(basic.SIMPLE_ROUTER, () => simpleRouter),
  RANDOM_ABTEST: define(basic.RANDOM_ABTEST, makeAbTest),
  AVERAGE_COMBINER: define(basic.AVERAGE_COMBINER, makeAverage),
};
