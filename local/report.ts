/** What the user reads: faults and warnings of manifests, and what becomes of each deployment. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { describeFailure } from "./failure.ts";
import { curlFor, grpcHintFor } from "./hint.ts";
import { keyOf, type Manifest, type Notice, type Reading } from "./manifests.ts";
import type { Outcome } from "./rollout.ts";
import type { Terminal } from "./terminal.ts";

export type ReportOptions = {
  readonly terminal: Terminal;
  /** `http://HOST:PORT` of the ingress. */
  readonly url: string;
  readonly cwd: string;
};

export const printNotices = (
  terminal: Terminal,
  { faults, warnings }: Pick<Reading, "faults" | "warnings">,
): void => {
  for (const warning of warnings) terminal.note(lineOf("warning", warning));
  for (const fault of faults) terminal.note(lineOf("error", fault));
};

const lineOf = (word: string, { subject, path, message }: Notice): string =>
  [word, subject, path, message].filter((part) => part !== "").join(": ");

/** Tells outcomes; the first deployment that serves comes with a command to try it. */
export const makeOutcomeReport = ({ terminal, url, cwd }: ReportOptions) => {
  const known = new Set<string>();
  let isHinted = false;

  const hint = ({ deployment, folder }: Manifest, address: string): void => {
    if (isHinted) return;
    isHinted = true;
    const file = join(folder, "request.json");
    const request = existsSync(file) ? relative(cwd, file) : undefined;
    terminal.say(
      `\nTry it:\n  ${curlFor(deployment, address, request)}\n${grpcHintFor(deployment, url)}\n`,
    );
  };

  return (manifest: Manifest, outcome: Outcome): void => {
    const { namespace, name } = manifest.deployment.metadata;
    const address = `${url}/seldon/${namespace}/${name}`;
    switch (outcome.is) {
      case "serving":
        if (known.has(keyOf(manifest))) {
          terminal.note(`${name} serves its new version${startedText(outcome.started)}`);
          return;
        }
        known.add(keyOf(manifest));
        terminal.say(`${name} is ready: ${address}`);
        hint(manifest, address);
        return;
      case "unchanged":
        return;
      case "failed": {
        const what = outcome.oldServes
          ? `${name}: the new version did not start; the old one serves on`
          : `${name} did not start`;
        terminal.note(`error: ${what}: ${describeFailure(outcome.failure)}`);
      }
    }
  };
};

const startedText = (started: readonly string[]): string =>
  started.length === 0 ? " (same processes)" : ` (started: ${started.join(", ")})`;
