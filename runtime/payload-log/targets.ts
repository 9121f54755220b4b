/** Where each unit's payloads are logged, as its `logger` says. Source: engine contract, 7.1. */
import type { PlanUnit } from "../../api/plan.ts";

export type LogTarget = {
  readonly url: URL;
  readonly requests: boolean;
  /** Feedback too. */
  readonly responses: boolean;
};

export type LogTargets = {
  readonly targets: ReadonlyMap<PlanUnit, LogTarget>;
  /** A sentence for each logger that cannot work: its unit is served, but not logged. */
  readonly warnings: readonly string[];
};

/** `defaultUrl` is where units without a URL of their own are logged; "" if nothing says so. */
export const findTargets = (graph: PlanUnit, defaultUrl: string): LogTargets => {
  const targets = new Map<PlanUnit, LogTarget>();
  const warnings: string[] = [];
  const visit = (unit: PlanUnit): void => {
    const found = targetOf(unit, defaultUrl);
    if (typeof found === "string") warnings.push(`node ${unit.name} is not logged: ${found}`);
    else if (found !== undefined) targets.set(unit, found);
    unit.children.forEach(visit);
  };
  visit(graph);
  return { targets, warnings };
};

/** A fault is a sentence. */
const targetOf = ({ logger }: PlanUnit, defaultUrl: string): LogTarget | string | undefined => {
  if (logger === undefined) return undefined;
  const { mode, url: own } = logger;
  if (mode !== "all" && mode !== "request" && mode !== "response") {
    return `logger.mode is "${mode ?? ""}"; write all, request or response`;
  }
  const text = own || defaultUrl;
  if (text === "") return "logger.url is missing, and REQUEST_LOGGER_DEFAULT_ENDPOINT is not set";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    const where = own ? "logger.url" : "REQUEST_LOGGER_DEFAULT_ENDPOINT";
    return `${where} is "${withoutPassword(text)}"; write an address that begins with http:// or https://`;
  }
  return { url, requests: mode !== "response", responses: mode !== "request" };
};

/** Warnings are logged. */
const withoutPassword = (text: string): string => text.replace(/\/\/[^/@]*@/, "//");
