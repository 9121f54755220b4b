/** Builders for the tests of servers, storage and explainers. */
import type { Issue, Result } from "../../../api/result.ts";
import { defaultSettings, type Settings } from "../../../api/settings.ts";
import { type AccountSecret, type Facts, noFacts } from "../../../operator/render/desired.ts";
import { withServers } from "../../../operator/render/server/servers.ts";
import { renderWorkloads, type Workload } from "../../../operator/render/workload.ts";
import { manifestOf, subjectOf } from "./fixture.ts";

export type World = { readonly settings?: Partial<Settings>; readonly facts?: Facts };

/** The pods of a manifest's first predictor, servers furnished. */
export const furnish = (
  manifest: object,
  { settings = {}, facts = noFacts }: World = {},
): Result<readonly Workload[]> => {
  const subject = subjectOf(manifest, { ...defaultSettings, ...settings });
  const workloads = renderWorkloads(subject);
  return workloads.ok ? withServers(workloads.value, subject, facts) : workloads;
};

export const soundOf = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
};

export const issuesOf = <T>(result: Result<T>): readonly Issue[] =>
  result.ok ? [] : result.issues;

export const pathsOf = (issues: readonly Issue[]): readonly string[] =>
  issues.map(({ path }) => path);

/** The only pod of a manifest. */
export const podOf = (manifest: object, world: World = {}): Workload["spec"] => {
  const [workload] = soundOf(furnish(manifest, world));
  if (workload === undefined) throw new Error("no pod");
  return workload.spec;
};

/** A predictor of one prepackaged server, `m`, under a protocol. */
export const serverManifest = (
  implementation: string,
  protocol: string,
  { unit = {}, container, spec = {} }: ServerParts = {},
): object =>
  manifestOf(
    {
      graph: { name: "m", implementation, modelUri: "gs://models/m", ...unit },
      ...(container === undefined
        ? {}
        : { componentSpecs: [{ spec: { containers: [{ name: "m", ...container }] } }] }),
    },
    { protocol, ...spec },
  );

type ServerParts = {
  readonly unit?: object;
  readonly container?: object;
  readonly spec?: object;
};

export const accountsWith = (account: string, ...secrets: readonly AccountSecret[]): Facts => ({
  accounts: { [account]: secrets },
});
