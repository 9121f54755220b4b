/** All objects of one predictor. Source: operator contract, 4, 5, 7. */
import { explainerName, predictorServiceName, serviceNameAnnotation } from "../../api/names.ts";
import { at, item } from "../../api/path.ts";
import { type Issue, type Result, success, together } from "../../api/result.ts";
import { deploymentObject } from "./deployment.ts";
import type { DesiredDeployment, Facts } from "./desired.ts";
import { renderExplainer } from "./explainer.ts";
import type { KubernetesObject, Made } from "./object.ts";
import { explainerPort, predictorPorts } from "./ports.ts";
import { ambassadorConfig } from "./route/ambassador-v1.ts";
import { scalingObjects, scalingWarnings } from "./scaling.ts";
import { withServers } from "./server/servers.ts";
import { containerServices, predictorService } from "./service.ts";
import { withCertificate } from "./ssl.ts";
import { predictorPath, type Subject } from "./subject.ts";
import { renderWorkloads, type Workload } from "./workload.ts";

/** Of one predictor; each object that has a name of its own comes with what named it. */
export type Parts = {
  readonly services: readonly Made[];
  readonly scaling: readonly KubernetesObject[];
  readonly deployments: readonly (DesiredDeployment & Made)[];
};

export const renderPredictor = (subject: Subject, facts: Facts): Result<Parts> => {
  const parts = together([
    entryService(subject),
    predictorWorkloads(subject, facts),
    explainerParts(subject, facts),
  ]);
  if (!parts.ok) return parts;
  const [entry, workloads, explainer] = parts.value;
  return success(
    {
      services: [...containerServices(subject), entry, ...explainer.services],
      scaling: workloads.flatMap((workload) => scalingOf(workload, subject)),
      deployments: [
        ...workloads.map((each) => desiredDeployment(each, sourceOf(each, subject), subject)),
        ...explainer.deployments,
      ],
    },
    [...parts.warnings, ...scalingWarningsOf(subject)],
  );
};

/** Servers come into pods whose containers are finished; a certificate is for all that are there. */
const predictorWorkloads = (subject: Subject, facts: Facts): Result<readonly Workload[]> => {
  const plain = renderWorkloads(subject);
  if (!plain.ok) return plain;
  const served = withServers(plain.value, subject, facts);
  if (!served.ok) return served;
  return success(
    served.value.map((workload) => withCertificate(workload, subject)),
    served.warnings,
  );
};

const entryService = (subject: Subject): Result<Made> => {
  const { deployment, predictor } = subject;
  const path = predictorPath(subject);
  const service = predictorServiceName(deployment.metadata.name, predictor);
  const target = { service, ports: predictorPorts(subject), isExplainer: false };
  const ambassador = ambassadorConfig(subject, target);
  if (!ambassador.ok) return ambassador;
  const isNamed = predictor.annotations?.[serviceNameAnnotation] !== undefined;
  return success({
    object: predictorService(subject, ambassador.value),
    path: isNamed ? at(at(path, "annotations"), serviceNameAnnotation) : at(path, "name"),
  });
};

const explainerParts = (
  subject: Subject,
  facts: Facts,
): Result<Pick<Parts, "services" | "deployments">> => {
  const { deployment, predictor } = subject;
  const path = at(predictorPath(subject), "explainer");
  const service = explainerName(deployment.metadata.name, predictor.name);
  const ports = { http: explainerPort(subject) };
  const ambassador = ambassadorConfig(subject, { service, ports, isExplainer: true });
  if (!ambassador.ok) return ambassador;
  const explainer = renderExplainer(subject, facts, ambassador.value);
  if (!explainer.ok) return explainer;
  const { value, warnings } = explainer;
  if (value === undefined) return success({ services: [], deployments: [] });
  return success(
    {
      services: [{ object: value.service, path }],
      deployments: [desiredDeployment(value.workload, path, subject)],
    },
    warnings,
  );
};

const scalingOf = (workload: Workload, subject: Subject): readonly KubernetesObject[] => {
  const component = subject.predictor.componentSpecs[workload.componentIndex ?? -1];
  return component === undefined ? [] : scalingObjects(workload, component, subject);
};

const desiredDeployment = (
  workload: Workload,
  path: string,
  subject: Subject,
): DesiredDeployment & Made => ({
  object: deploymentObject(workload, subject),
  predictor: subject.predictor.name,
  role: workload.role,
  componentIndex: workload.componentIndex,
  path,
});

/** The field that gives a Deployment its name. */
const sourceOf = ({ componentIndex }: Workload, subject: Subject): string => {
  const path = predictorPath(subject);
  if (componentIndex === undefined) return at(path, "name");
  const own = item(at(path, "componentSpecs"), componentIndex);
  const isNamed = subject.predictor.componentSpecs[componentIndex]?.metadata?.name;
  return isNamed ? `${own}.metadata.name` : own;
};

const scalingWarningsOf = (subject: Subject): readonly Issue[] =>
  subject.predictor.componentSpecs.flatMap((component, i) =>
    scalingWarnings(component, item(at(predictorPath(subject), "componentSpecs"), i), subject),
  );
