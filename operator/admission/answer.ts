/**
 * The response of a review, within the bounds of the API.
 *
 * A refusal is the status that the API server itself gives for a bad object, so that kubectl lists
 * every fault with its field: 422 Invalid, one cause a fault.
 *
 * Source: operator contract, 3; deviation O10 (fields); Kubernetes, API conventions (Status) and
 * dynamic admission control (warnings: some 256 characters each, 4096 together).
 */
import type { Issue } from "../../api/result.ts";
import { group, kind } from "../../api/schema.ts";

export type Cause = {
  readonly reason: "FieldValueInvalid";
  readonly message: string;
  readonly field?: string;
};

export type Answer = {
  readonly allowed: boolean;
  readonly status?: {
    readonly status: "Failure";
    readonly code: 422;
    readonly reason: "Invalid";
    readonly message: string;
    readonly details: {
      readonly name: string;
      readonly group: string;
      readonly kind: string;
      readonly causes: readonly Cause[];
    };
  };
  readonly warnings?: readonly string[];
};

export const maxWarningChars = 256;
export const maxWarningsChars = 4096;
/** More faults than anybody mends at once, and longer than any of our sentences. */
export const maxCauses = 100;
export const maxTextChars = 1024;

export const allow = (warnings: readonly Issue[]): Answer => ({
  allowed: true,
  ...warningsOf(warnings),
});

export const refuse = (
  name: string,
  issues: readonly Issue[],
  warnings: readonly Issue[],
): Answer => {
  const shown = issues.slice(0, maxCauses);
  const rest = issues.length - shown.length;
  const more = rest === 0 ? [] : [`${rest} more; mend these first`];
  const faults = [...shown.map((issue) => clip(lineOf(issue), maxTextChars)), ...more].join("; ");
  const subject = clip(name, maxWarningChars);
  return {
    allowed: false,
    status: {
      status: "Failure",
      code: 422,
      reason: "Invalid",
      message: `${kind}.${group} ${JSON.stringify(subject)} is invalid: ${faults}`,
      details: { name: subject, group, kind, causes: shown.map(causeOf) },
    },
    ...warningsOf(warnings),
  };
};

const causeOf = ({ path, message }: Issue): Cause => ({
  reason: "FieldValueInvalid",
  message: clip(message, maxTextChars),
  ...(path !== "" && { field: clip(path, maxTextChars) }),
});

/** As `espalier validate` prints it. */
const lineOf = ({ path, message }: Issue): string =>
  path === "" ? message : `${path}: ${message}`;

const warningsOf = (issues: readonly Issue[]): Pick<Answer, "warnings"> => {
  if (issues.length === 0) return {};
  const lines = issues.map((issue) => clip(printable(lineOf(issue)), maxWarningChars));
  const shown = lines.slice(0, roomFor(lines));
  const rest = lines.length - shown.length;
  return { warnings: rest === 0 ? shown : [...shown, `${rest} more; see espalier validate`] };
};

/** How many of these fit in; with all of them, or with a last line about the others. */
const roomFor = (lines: readonly string[]): number => {
  let room = maxWarningsChars - maxWarningChars;
  const first = lines.findIndex((line) => {
    room -= lengthOf(line);
    return room < 0;
  });
  return first === -1 ? lines.length : first;
};

/** A warning travels in a header. Source: RFC 9110, 5.5. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, " ");

const lengthOf = (text: string): number => [...text].length;

const clip = (text: string, most: number): string => {
  if (text.length <= most) return text; // the common case
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 3).join("")}...`;
};
