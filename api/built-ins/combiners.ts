/** The combiners beside the average: one answer of those of all children. */
import type { BuiltInTable } from "./table.ts";

const children = { least: 1 } as const;

export const combiners = {
  MAJORITY_VOTE_COMBINER: {
    kind: "combiner",
    help: "answers for each row the class that most children choose",
    children,
    parameters: {
      weights: {
        is: "numbers",
        least: 0,
        of: "children",
        help: "one for each child: what its vote counts",
      },
    },
  },
  MAX_SCORE_COMBINER: {
    kind: "combiner",
    help: "answers for each row that of the child with the highest single score",
    children,
    parameters: {},
  },
  CONCATENATE_COMBINER: {
    kind: "combiner",
    help: "answers the columns of all children side by side",
    children,
    parameters: {},
  },
} as const satisfies BuiltInTable;
