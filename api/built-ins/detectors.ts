/** The outlier detectors: transformers, models or routers, by the type of their unit. */
import type { BuiltInTable, ParameterRow } from "./table.ts";

const common = {
  action: {
    is: "text",
    choices: ["tag", "block", "route"],
    help: "tag messages; block those with an outlier; route them to the second child, as a ROUTER. Without it a ROUTER routes and others tag",
  },
  labels: {
    is: "flag",
    help: "the truth of feedback says of each row whether it was an outlier, 0 or 1; true for a MODEL, else false if not given",
  },
} as const satisfies Readonly<Record<string, ParameterRow>>;

const warmup = {
  is: "whole",
  fallback: "30",
  least: 2,
  help: "rows to learn from before any is judged; until then every score is 0",
} as const satisfies ParameterRow;

const features = {
  is: "whole",
  least: 1,
  help: "columns that a row has; those of the first request if not given",
} as const satisfies ParameterRow;

const span = {
  is: "whole",
  fallback: "1000",
  least: 10,
  most: 100_000,
  help: "how many of the latest rows are judged by, where no statistics are given",
} as const satisfies ParameterRow;

export const detectors = {
  MAHALANOBIS_DETECTOR: {
    kind: "transformer",
    help: "scores rows by their squared Mahalanobis distance on the main components of what it has seen",
    parameters: {
      threshold: {
        is: "number",
        fallback: "25",
        least: 0,
        help: "squared distance above which a row is an outlier",
      },
      n_components: {
        is: "whole",
        fallback: "3",
        least: 1,
        help: "how many principal components count; all of them where there are fewer columns",
      },
      n_stdev: {
        is: "number",
        fallback: "3",
        least: 0,
        help: "standard deviations from the mean at which values are clipped before they are learned from",
      },
      start_clip: {
        is: "whole",
        fallback: "50",
        least: 1,
        help: "rows learned from before values are clipped",
      },
      max_n: {
        is: "whole",
        fallback: "-1",
        least: -1,
        help: "learn as if there had been no more rows than these, so that old ones fade; -1: all rows weigh the same for ever",
      },
      warmup,
      n_features: features,
      origin: {
        is: "numbers",
        help: "a typical value of each column, for columns whose values are huge beside their spread",
      },
      ...common,
    },
  },
  ISOLATION_FOREST_DETECTOR: {
    kind: "transformer",
    help: "scores rows by a trained isolation forest",
    parameters: {
      model: { is: "json", help: "the forest as exported from scikit-learn" },
      model_uri: { is: "text", help: "a file with the forest, by path or file:// address" },
      threshold: {
        is: "number",
        least: 0,
        most: 1,
        help: "score, 0-1, above which a row is an outlier; that of the trained model if not given",
      },
      ...common,
    },
  },
  ROBUST_ZSCORE_DETECTOR: {
    kind: "transformer",
    help: "scores rows by the largest modified z-score, by median and MAD, of their columns",
    parameters: {
      threshold: {
        is: "number",
        fallback: "3.5",
        least: 0,
        help: "modified z-score above which a row is an outlier",
      },
      median: { is: "numbers", help: "of each column; goes with mad, and nothing is learned then" },
      mad: {
        is: "numbers",
        least: 0,
        help: "median absolute deviation of each column; goes with median",
      },
      window: span,
      warmup,
      n_features: features,
      ...common,
    },
  },
  IQR_DETECTOR: {
    kind: "transformer",
    help: "scores rows by how many interquartile ranges a column lies outside of its quartiles",
    parameters: {
      threshold: {
        is: "number",
        fallback: "1.5",
        least: 0,
        help: "interquartile ranges beyond the quartiles above which a row is an outlier",
      },
      q1: {
        is: "numbers",
        help: "first quartile of each column; goes with q3, and nothing is learned then",
      },
      q3: { is: "numbers", help: "third quartile of each column; goes with q1" },
      window: span,
      warmup,
      n_features: features,
      ...common,
    },
  },
} as const satisfies BuiltInTable;
