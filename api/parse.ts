/**
 * The door of the house: an unknown value becomes a deployment that nobody needs to doubt again.
 *
 * Shape first, then checks of what the user wrote, then defaults. All faults are told together,
 * each with the path of its field; warnings never stop anything. The result is deep-frozen, and the
 * same input gives the same result.
 */

import { runChecks } from "./checks/checks.ts";
import { isMeantForUs, isSeldonDeployment } from "./checks/identity.ts";
import { defaultDeployment } from "./defaults/defaults.ts";
import { freeze } from "./freeze.ts";
import { pathsAbove } from "./path.ts";
import { failure, type Issue, type Result, success } from "./result.ts";
import { SeldonDeploymentSchema } from "./schema.ts";
import type { Settings } from "./settings.ts";
import { unwalkable } from "./shape/extent.ts";
import { compile } from "./shape/node.ts";
import { isPlain } from "./shape/plain.ts";
import { type Findings, read } from "./shape/shape.ts";
import type { Deployment, SeldonDeployment } from "./types.ts";

export type ParseOptions = {
  /** Makes unknown fields faults. */
  readonly strict?: boolean;
};

const manifest = compile(SeldonDeploymentSchema);

export const parse = (
  value: unknown,
  settings: Settings,
  { strict = false }: ParseOptions = {},
): Result<Deployment> => {
  const endless = unwalkable(value);
  if (endless.length > 0) return failure(endless);

  const found: Findings = { issues: [], warnings: [], unknown: [] };
  const deployment = readDeployment(value, found);
  const subject = { deployment, settings };

  if (isPlain(value) && !isMeantForUs(deployment)) {
    return failure(isSeldonDeployment(subject).map(asIssue));
  }
  const findings = runChecks(subject).filter(isNews(found.issues));
  const faults = findings.filter(({ severity }) => severity === "fault").map(asIssue);
  const advice = findings.filter(({ severity }) => severity === "warning").map(asIssue);
  const issues = [...found.issues, ...(strict ? found.unknown : []), ...faults];
  const warnings = [...(strict ? [] : found.unknown), ...found.warnings, ...advice];
  return issues.length > 0
    ? failure(issues, warnings)
    : success(freeze(defaultDeployment(deployment, settings)), warnings);
};

/** The status is what a controller observed: none of the user's business, and not judged. */
const readDeployment = (value: unknown, found: Findings): SeldonDeployment => {
  const written = isPlain(value)
    ? Object.fromEntries(Object.entries(value).filter(([key]) => key !== "status"))
    : value;
  // A sound copy has the shape that the schema describes, whose type this is.
  return read(written, manifest, { path: "" }, found) as SeldonDeployment;
};

/** Whether a finding stands by itself, and does not follow from a fault at or above its place. */
const isNews = (faults: readonly Issue[]): ((finding: Issue) => boolean) => {
  const faulty = new Set(faults.map(({ path }) => path));
  return ({ path }) => !pathsAbove(path).some((place) => faulty.has(place));
};

const asIssue = ({ path, message }: Issue): Issue => ({ path, message });
