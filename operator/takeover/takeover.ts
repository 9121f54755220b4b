/** The whole of `espalier migrate` but its command line: a survey in, a report out. */
import { type Context, planTakeover } from "./plan.ts";
import { type Report, reportOf } from "./report.ts";
import { findSettings } from "./settings.ts";
import type { Survey, SurveyOptions } from "./survey.ts";

export const makeReport = async (
  survey: Survey,
  { namespace, system }: SurveyOptions,
): Promise<Report> => {
  const found = findSettings(survey.objects, system);
  const context: Context = {
    ...{ survey, settings: found.settings, controllerId: found.controllerId },
  };
  const within = namespace || found.namespace;
  const deployments = survey.deployments
    .filter(({ metadata }) => within === "" || (metadata.namespace ?? "default") === within)
    .toSorted((a, b) => (placeOf(a.metadata) < placeOf(b.metadata) ? -1 : 1));
  const plans = [];
  for (const one of deployments) plans.push(await planTakeover(one, context));
  return reportOf(plans, [...survey.notes, ...found.notes, ...aboutObjects(survey)]);
};

const placeOf = ({ namespace = "default", name }: { namespace?: string; name: string }): string =>
  `${namespace}/${name}`;

const aboutObjects = ({ objects, served }: Survey): readonly string[] =>
  served === undefined && !objects.some(({ kind }) => kind === "Deployment")
    ? ["only manifests were given: give Deployments, Services and routes too to see what changes"]
    : [];
