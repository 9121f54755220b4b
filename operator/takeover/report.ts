/** The plans of all deployments, summed up, and told to people. */
import type { Change } from "./changes.ts";
import type { DeploymentPlan } from "./plan.ts";

export type Report = {
  readonly deployments: readonly DeploymentPlan[];
  readonly summary: Summary;
  /** What was taken for granted, or could not be looked at. */
  readonly notes: readonly string[];
};

export type Summary = {
  readonly deployments: number;
  readonly takeover: number;
  readonly blocked: number;
  readonly skipped: number;
  /** Deployments whose pods are replaced. */
  readonly rolls: number;
  readonly adopted: number;
  readonly created: number;
  readonly removed: number;
  /** Routes that are changed, created or removed. */
  readonly routes: number;
  /** Things in use that Espalier does not do. */
  readonly unsupported: number;
};

const isTouched = ({ action, changed, gone }: Change): boolean =>
  action !== "keep" && (action !== "adopt" || changed.length + gone.length > 0);

export const reportOf = (
  deployments: readonly DeploymentPlan[],
  notes: readonly string[],
): Report => {
  const changes = deployments.flatMap(({ objects, routes }) => [...objects, ...routes]);
  const acted = (...actions: readonly Change["action"][]): number =>
    changes.filter(({ action }) => actions.includes(action)).length;
  const judged = (verdict: DeploymentPlan["verdict"]): number =>
    deployments.filter((one) => one.verdict === verdict).length;
  return {
    deployments,
    notes,
    summary: {
      deployments: deployments.length,
      takeover: judged("takeover"),
      blocked: judged("blocked"),
      skipped: judged("skipped"),
      rolls: changes.filter(({ rolls }) => rolls).length,
      adopted: acted("adopt"),
      created: acted("create", "replace"),
      removed: acted("remove"),
      routes: deployments.flatMap(({ routes }) => routes).filter(isTouched).length,
      unsupported: deployments
        .flatMap(({ differences }) => differences)
        .filter(({ is }) => is === "unsupported").length,
    },
  };
};

/** Whether everything can be taken over as it is. */
export const isClear = ({ summary }: Report): boolean =>
  summary.blocked === 0 && summary.unsupported === 0;

export const textOf = (report: Report): string =>
  [
    ...report.deployments.flatMap((one) => [...linesOf(one), ""]),
    ...report.notes.map((note) => `note: ${note}`),
    summaryLine(report.summary),
    "",
  ].join("\n");

const verdicts: { readonly [Verdict in DeploymentPlan["verdict"]]: string } = {
  takeover: "is taken over",
  blocked: "stays as it is, and running, until this is mended",
  skipped: "is another operator's, or being deleted",
};

const linesOf = (plan: DeploymentPlan): readonly string[] => [
  `${plan.namespace}/${plan.name} ${verdicts[plan.verdict]}`,
  ...plan.faults.map(({ reason, message }) => `  error: ${reason}: ${message}`),
  ...plan.warnings.map(({ path, message }) => `  warning: ${path} ${message}`),
  ...plan.differences.map(({ is, path, message }) => `  ${is}: ${path}: ${message}`),
  ...[...plan.objects, ...plan.routes].flatMap(changeLines),
];

const changeLines = (change: Change): readonly string[] => {
  const { action, kind, name, rolls, images, changed, gone, why } = change;
  const notes = [
    ...(rolls ? ["its pods roll over once"] : []),
    ...(action === "adopt" && !isTouched(change) ? ["as it is"] : []),
    ...(why === undefined ? [] : [why]),
  ];
  return [
    `  ${action.padEnd(7)} ${kind} ${name}${notes.length > 0 ? `: ${notes.join("; ")}` : ""}`,
    ...images.map(
      ({ container, from, to }) => `    image   ${container}: ${from || "none"} -> ${to}`,
    ),
    ...changed.map((path) => `    change  ${path}`),
    ...gone.map((path) => `    lose    ${path}`),
  ];
};

const summaryLine = (summary: Summary): string =>
  [
    `${summary.deployments} SeldonDeployments: ${summary.takeover} taken over, ${summary.blocked} blocked, ${summary.skipped} skipped`,
    `${summary.adopted} objects adopted, ${summary.created} created, ${summary.removed} removed`,
    `${summary.rolls} Deployments roll over, ${summary.routes} routes change, ${summary.unsupported} things unsupported`,
  ].join("\n");
