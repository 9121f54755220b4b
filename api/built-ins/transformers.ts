/** Transformers of features and of answers, and the validator of messages. */
import type { BuiltInTable } from "./table.ts";

export const transformers = {
  STANDARD_SCALER: {
    kind: "transformer",
    help: "answers (x - mean) / scale of each column",
    parameters: {
      mean: { is: "numbers", help: "of each column; 0 if not given" },
      scale: { is: "numbers", help: "standard deviation of each column, not 0; 1 if not given" },
    },
  },
  MIN_MAX_SCALER: {
    kind: "transformer",
    help: "moves each column from the range it had in training to another",
    parameters: {
      data_min: { is: "numbers", required: true, help: "least value of each column in training" },
      data_max: { is: "numbers", required: true, help: "largest value of each column in training" },
      feature_range: {
        is: "numbers",
        fallback: "0,1",
        help: "the two ends of the range to move to",
      },
      clip: {
        is: "flag",
        fallback: "false",
        help: "values outside of the range count as its nearer end",
      },
    },
  },
  ONE_HOT_ENCODER: {
    kind: "transformer",
    help: "answers a column of 0 and 1 for each category of each column",
    parameters: {
      categories: {
        is: "json",
        required: true,
        help: "a JSON array with an array of the categories, texts or numbers, of each encoded column",
      },
      columns: {
        is: "numbers",
        least: 0,
        help: "indices of the columns to encode; the others follow as they are. All if not given",
      },
      handle_unknown: {
        is: "text",
        fallback: "error",
        choices: ["error", "ignore"],
        help: "what is done about a value that is no category: refuse it, or answer zeros",
      },
      drop: {
        is: "text",
        fallback: "none",
        choices: ["none", "first", "if_binary"],
        help: "leave out the first category of every column, or of those with two",
      },
    },
  },
  SCHEMA_VALIDATOR: {
    kind: "transformer",
    help: "passes on messages that match a JSON Schema, and refuses others with the failing path",
    parameters: {
      schema: { is: "json", help: "the JSON Schema, draft 3 to 2020-12" },
      schema_uri: { is: "text", help: "a file with the schema, by path or file:// address" },
      at: {
        is: "text",
        fallback: "",
        help: "JSON Pointer to the part of the message that is checked, like /jsonData; the whole of it if not given",
      },
    },
  },
} as const satisfies BuiltInTable;
