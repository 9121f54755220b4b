/**
 * What all outlier detectors share: scores in; tags, refusals, routes and metrics out.
 *
 * The rows of a request are judged by what was learned from earlier requests alone, then learned
 * from themselves. What is wrong with them is found before either, so they leave no trace.
 */
import { EngineError } from "../../errors.ts";
import type { Means } from "../definition.ts";
import type { BuiltInNode, Look, Measure, Outcome } from "../node.ts";
import { parameterFault, placeOf, type Rows, rowsOf, unfit } from "../rows.ts";
import type { NumericView } from "../view.ts";
import { makeLabels } from "./labels.ts";

export type Scorer = {
  /** How many columns rows must have; undefined while any will do. */
  readonly width: () => number | undefined;
  /** One for each row, 0 or more, the higher the stranger; learns nothing. @throws {EngineError} PAYLOAD_UNFIT */
  readonly score: (rows: Rows) => readonly number[];
  readonly learn?: (rows: Rows) => void;
  /** Rows learned from; undefined for one that does not learn. */
  readonly learned?: () => number;
  readonly describe?: () => object;
};

type Settings = {
  readonly threshold: number;
  readonly action?: string | undefined;
  readonly labels?: boolean | undefined;
};

type Verdict = {
  readonly scores: readonly number[];
  /** 1 for an outlier, 0 otherwise. */
  readonly flags: readonly number[];
  readonly any: boolean;
};

/** Sums of squares of these still are numbers. */
const largest = 1e100;

/** Larger batches are not remembered for feedback by id alone. */
const mostRemembered = 100;

/** @throws {EngineError} PARAMETER_INVALID for an action that the unit's type does not allow. */
export const makeDetector = (scorer: Scorer, settings: Settings, means: Means): BuiltInNode => {
  const { name, type, branches, store } = means;
  const { threshold } = settings;
  const action = actionOf(settings.action, means);
  const labels = makeLabels(store, name);
  const takesLabels = settings.labels ?? type === "MODEL";
  const verdicts = new WeakMap<object, Verdict>();
  const seen = { rows: 0, outliers: 0, score: 0 };

  const read = (view: NumericView): Rows => {
    const rows = rowsOf(name, view, scorer.width());
    const huge = rows.values.findIndex((value) => Math.abs(value) > largest);
    if (huge < 0) return rows;
    throw unfit(name, `${placeOf(huge, rows)} is ${rows.values[huge]}, beyond ${largest}`);
  };
  const flagsOf = (scores: readonly number[]) => scores.map((one) => Number(one > threshold));

  const judge = (look: Look): Verdict => {
    const rows = read(look.numbers());
    const scores = scorer.score(rows).map((one) => Math.min(one, Number.MAX_VALUE));
    scorer.learn?.(rows);
    const flags = flagsOf(scores);
    const outliers = flags.reduce((sum, flag) => sum + flag, 0);
    seen.rows += rows.count;
    seen.outliers += outliers;
    seen.score = scores.reduce((most, one) => Math.max(most, one), 0);
    if (takesLabels && rows.count <= mostRemembered) store.remember(name, look.id, flags);
    const verdict = { scores, flags, any: outliers > 0 };
    if (action === "block" && verdict.any) throw refusal(name, verdict, threshold);
    verdicts.set(look.request, verdict);
    return verdict;
  };
  const again = (look: Look): Verdict => verdicts.get(look.request) ?? judge(look);

  return {
    input: (look) => {
      const verdict = judge(look);
      return type === "MODEL" ? answerOf(verdict) : { tags: tagsOf(verdict) };
    },
    ...(branches.length > 0 && { output: (look) => ({ tags: tagsOf(again(look)) }) }),
    ...(action === "route" && { route: (look) => Number(again(look).any) }),
    feedback: async (told) => {
      const truth = takesLabels ? told.truth() : undefined;
      if (truth === undefined) return;
      const remembered = await store.recall(name, told.id());
      const request = remembered === undefined ? told.request() : undefined;
      const flags = remembered ?? (request && flagsOf(scorer.score(read(request))));
      labels.add(flags, truth);
    },
    describe: () => ({
      action,
      threshold,
      ...(scorer.learned && { learned: scorer.learned() }),
      ...scorer.describe?.(),
      ...labels.describe(),
    }),
    measures: () => [...measuresOf(seen, threshold, scorer.learned?.()), ...labels.measures()],
  };
};

/** The action, which a ROUTER needs no word for. @throws {EngineError} PARAMETER_INVALID */
const actionOf = (given: string | undefined, { name, type, branches }: Means): string => {
  const action = given ?? (type === "ROUTER" ? "route" : "tag");
  if ((action === "route") !== (type === "ROUTER")) {
    throw parameterFault(
      name,
      `action "${action}" does not go with the type ${type || "of none"}; write "route" for a ROUTER alone`,
    );
  }
  if (action === "route" && branches.length < 2) {
    throw parameterFault(
      name,
      `it has ${branches.length} children; give it two: the second gets the outliers`,
    );
  }
  return action;
};

const answerOf = (verdict: Verdict): Outcome => ({
  numbers: {
    shape: [verdict.scores.length, 1],
    values: verdict.scores,
    names: ["outlier-score"],
  },
  tags: tagsOf(verdict),
});

const tagsOf = ({ scores, flags, any }: Verdict): Readonly<Record<string, unknown>> => ({
  "outlier-predictions": flags,
  "outlier-score": scores,
  is_outlier: any,
});

const refusal = (node: string, { scores, flags }: Verdict, threshold: number): EngineError => {
  const rows = flags.flatMap((flag, row) => (flag === 1 ? [row] : []));
  const shown = rows.slice(0, 10).map((row) => `row ${row} has score ${scores[row]}`);
  const more = rows.length > shown.length ? `, and ${rows.length - shown.length} more rows` : "";
  return new EngineError(
    "OUTLIER_REFUSED",
    `node ${node} refuses outliers, with a score above ${threshold}: ${shown.join(", ")}${more}`,
  );
};

type Seen = { readonly rows: number; readonly outliers: number; readonly score: number };

const measuresOf = (
  seen: Seen,
  threshold: number,
  learned: number | undefined,
): readonly Measure[] => {
  const measure = (name: string, type: Measure["type"], help: string, value: number): Measure => ({
    name: `outlier_${name}`,
    type,
    help,
    labels: {},
    value,
  });
  return [
    measure("rows_total", "counter", "Rows judged", seen.rows),
    measure("found_total", "counter", "Rows that were outliers", seen.outliers),
    measure("score", "gauge", "Highest score in the latest request", seen.score),
    measure("threshold", "gauge", "Score above which a row is an outlier", threshold),
    ...(learned === undefined
      ? []
      : [measure("learned_rows", "gauge", "Rows learned from", learned)]),
  ];
};
