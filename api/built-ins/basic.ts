/** The built-in nodes that v1 has too, with their parameters. Source: engine contract, 6.8. */
import type { BuiltInTable } from "./table.ts";

export const basic = {
  SIMPLE_MODEL: {
    kind: "model",
    help: "answers three constant class scores to anything",
    parameters: {},
  },
  SIMPLE_ROUTER: {
    kind: "router",
    help: "sends everything to its first child",
    parameters: {},
  },
  RANDOM_ABTEST: {
    kind: "router",
    help: "sends requests to children at random, by weight",
    parameters: {
      ratioA: {
        is: "text", // read by the node: v1 counts it only as the single parameter
        help: "fraction of the requests for the first of two children, 0-1; 0.5 if not given",
      },
      weights: {
        is: "numbers",
        least: 0,
        of: "children",
        help: "one for each child; a child gets its share of their sum",
      },
      sticky_header: {
        is: "text",
        help: "requests with one value of this header, or gRPC metadata key, go to one child",
      },
      sticky_field: {
        is: "text",
        help: "requests with one value of this field go to one child: the name of a column, or a path like jsonData.user.id",
      },
    },
  },
  AVERAGE_COMBINER: {
    kind: "combiner",
    help: "answers the element-wise mean of its children's numbers",
    parameters: {
      weights: {
        is: "numbers",
        least: 0,
        of: "children",
        help: "one for each child, for a weighted mean",
      },
    },
  },
} as const satisfies BuiltInTable;
