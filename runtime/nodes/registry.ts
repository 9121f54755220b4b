/** The built-in nodes by their implementation: each family brings its own. */
import { basic } from "../../api/built-ins/basic.ts";
import { makeAbTest } from "./abtest.ts";
import { makeAverage } from "./average.ts";
import { bandits } from "./bandit/definitions.ts";
import { answerCombiners } from "./combine/definitions.ts";
import { type Definition, define } from "./definition.ts";
import { outlierDetectors } from "./outlier/definitions.ts";
import { simpleModel, simpleRouter } from "./simple.ts";
import { featureTransformers } from "./transform/definitions.ts";

const definitions: Readonly<Record<string, Definition>> = {
  SIMPLE_MODEL: define(basic.SIMPLE_MODEL, () => simpleModel),
  SIMPLE_ROUTER: define(basic.SIMPLE_ROUTER, () => simpleRouter),
  RANDOM_ABTEST: define(basic.RANDOM_ABTEST, makeAbTest),
  AVERAGE_COMBINER: define(basic.AVERAGE_COMBINER, makeAverage),
  ...bandits,
  ...outlierDetectors,
  ...answerCombiners,
  ...featureTransformers,
};

/** Undefined for a word that is no built-in node's. */
export const definitionOf = (implementation: string | undefined): Definition | undefined =>
  implementation !== undefined && Object.hasOwn(definitions, implementation)
    ? definitions[implementation]
    : undefined;
