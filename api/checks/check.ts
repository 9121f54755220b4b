/** What a check is: one rule about a deployment as its user wrote it, before defaults. */

import { item } from "../path.ts";
import type { Issue } from "../result.ts";
import type { Settings } from "../settings.ts";
import type { PredictorSpec, SeldonDeployment } from "../types.ts";

export type Subject = { readonly deployment: SeldonDeployment; readonly settings: Settings };

/** A fault stops the deployment; a warning says what the user would want to know. */
export type Finding = Issue & { readonly severity: "fault" | "warning" };

export type Check = (subject: Subject) => readonly Finding[];

export const fault = (path: string, message: string): Finding => ({
  severity: "fault",
  path,
  message,
});

export const warning = (path: string, message: string): Finding => ({
  severity: "warning",
  path,
  message,
});

/** A check of each predictor by itself. */
export const perPredictor =
  (
    check: (predictor: PredictorSpec, path: string, subject: Subject) => readonly Finding[],
  ): Check =>
  (subject) =>
    subject.deployment.spec.predictors.flatMap((predictor, i) =>
      check(predictor, item("spec.predictors", i), subject),
    );

/** A list of words for a sentence: `a, b or c`. */
export const either = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
