import { combiners } from "../../../api/built-ins/combiners.ts";
import { type Definition, define } from "../definition.ts";
import { makeConcatenate } from "./concatenate.ts";
import { makeMaxScore } from "./max-score.ts";
import { makeVote } from "./vote.ts";

export const answerCombiners: Readonly<Record<keyof typeof combiners, Definition>> = {
  MAJORITY_VOTE_COMBINER: define(combiners.MAJORITY_VOTE_COMBINER, makeVote),
  MAX_SCORE_COMBINER: define(combiners.MAX_SCORE_COMBINER, (_, means) => makeMaxScore(means)),
  CONCATENATE_COMBINER: define(combiners.CONCATENATE_COMBINER, (_, means) =>
    makeConcatenate(means),
  ),
};
