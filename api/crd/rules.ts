/**
 * The rules that the API server itself holds a deployment to, in CEL: those that need no more than
 * the predictors' names, shadows and shares. All others need containers or the settings of a
 * cluster and are told by `checks/`, which know these rules too.
 *
 * They refuse nothing that v1 accepts. An unchanged spec is not judged again (ratcheting), so what
 * is stored stays writable: its status, its metadata, its finalizers.
 *
 * Source: operator contract, 3; design 5.1.2. CEL in CRDs: Kubernetes 1.30 or later.
 */

export type CelRule = {
  readonly rule: string;
  readonly message: string;
  /** A CEL expression for a message that tells values; `message` stands in where it cannot. */
  readonly messageExpression?: string;
  /** The field that is to blame, seen from where the rule stands. */
  readonly fieldPath: string;
};

/**
 * Bounds that keep the rules affordable: an API server cancels a rule that costs too much. Nobody
 * comes near them, for no more than 100 predictors can get a percent each.
 */
export const maxPredictors = 128;
export const maxPredictorName = 253;

const live = "self.predictors.filter(p, !p.?shadow.orValue(false))";
const sum = `${live}.map(p, p.?traffic.orValue(0)).sum()`;
const isAlone = "self.predictors.exists_one(q, q.name == p.name)";

export const specRules: readonly CelRule[] = [
  {
    // Rule 7
    rule: "size(self.predictors) > 0",
    message: "a deployment needs at least one predictor; add one",
    fieldPath: ".predictors",
  },
  {
    // Rule 9
    rule: `self.predictors.all(p, ${isAlone})`,
    message: "several predictors have one name; give each its own",
    messageExpression: `'several predictors are called "' + self.predictors.filter(p, !${isAlone})[0].name + '"; give each its own name'`,
    fieldPath: ".predictors",
  },
  {
    // Rule 5
    rule: "size(self.predictors) != 1 || !self.predictors[0].?shadow.orValue(false)",
    message: "the only predictor is a shadow, so nothing would answer; remove shadow",
    fieldPath: ".predictors",
  },
  {
    // Rule 18
    rule: "self.predictors.filter(p, p.?shadow.orValue(false)).size() <= 1",
    message: "several predictors are shadows; keep one shadow",
    fieldPath: ".predictors",
  },
  {
    // Rule 20: one live predictor beside a shadow may write any traffic.
    rule: `${live}.size() < 2 || ${sum} == 100`,
    message: "the traffic of the predictors does not sum to 100; make it sum to 100",
    messageExpression: `'the traffic of the predictors sums to ' + (${sum} < 100 ? 'less' : 'more') + ' than 100; make it sum to 100'`,
    fieldPath: ".predictors",
  },
  {
    // Rule 21: 0, 100 and more all mean everything.
    rule:
      "size(self.predictors) != 1 || " +
      "self.predictors.all(p, p.?traffic.orValue(0) <= 0 || p.?traffic.orValue(0) >= 100)",
    message: "the only predictor gets everything; write traffic 100 or remove it",
    fieldPath: ".predictors",
  },
];

export const predictorRules: readonly CelRule[] = [
  {
    // Rule 19
    rule:
      "!self.?shadow.orValue(false) || " +
      "(self.?traffic.orValue(0) >= 0 && self.?traffic.orValue(0) <= 100)",
    message: "a shadow gets a copy of 0 to 100 percent of the requests; write such a number",
    fieldPath: ".traffic",
  },
];
