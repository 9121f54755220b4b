/** Names that Kubernetes would refuse, in the manifest or in what is made from it. */

import { maxPredictorName } from "../crd/rules.ts";
import { findContainer } from "../deployment.ts";
import { isPrepackaged } from "../graph.ts";
import { maxNameLength, predictorServiceName, serviceNameAnnotation } from "../names.ts";
import { at, item } from "../path.ts";
import { group, kind, versions } from "../schema.ts";
import { hint } from "../spelling.ts";
import { type Check, either, type Finding, fault, perPredictor, warning } from "./check.ts";
import { perUnit } from "./graph.ts";

/** Source: RFC 1123, as Kubernetes reads it; names of Services begin with a letter (RFC 1035). */
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const serviceLabel = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const labelRule = "use lower-case letters, digits and -, and begin and end with a letter or digit";
const serviceRule = "use lower-case letters, digits and -, begin with a letter, end without -";
/** The longest name of a custom resource; Source: Kubernetes, object names. */
const maxResourceName = 253;

/** Whether somebody meant to write a SeldonDeployment, be it with a slip. */
export const isMeantForUs = (document: {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}): boolean => document.kind === kind || String(document.apiVersion).startsWith(`${group}/`);

/** The document is a SeldonDeployment of a version we know. */
export const isSeldonDeployment: Check = ({ deployment }) => {
  const { apiVersion } = deployment;
  const known = versions.map((version) => `${group}/${version}`);
  return [
    ...(known.includes(apiVersion)
      ? []
      : [
          fault(
            "apiVersion",
            `is "${apiVersion}"; write ${either(known)}${hint(apiVersion, known)}`,
          ),
        ]),
    ...(deployment.kind === kind ? [] : [fault("kind", `is "${deployment.kind}"; write ${kind}`)]),
  ];
};

/** The deployment has a name that can begin the names of Services. */
export const deploymentIsNamed: Check = ({ deployment: { metadata } }) => {
  const { name, namespace, generateName } = metadata;
  const findings: Finding[] = [];
  if (!name) {
    const why = generateName ? "; generateName is for kubectl create alone" : "";
    findings.push(fault("metadata.name", `is required and missing; add it${why}`));
  } else if (!label.test(name) || name.length > maxResourceName) {
    findings.push(fault("metadata.name", `"${name}" is not a name; ${labelRule}`));
  } else if (!serviceLabel.test(name)) {
    const message = `"${name}" begins with a digit, and Services named after it must not; ${serviceRule}`;
    findings.push(warning("metadata.name", message));
  }
  if (namespace && (!label.test(namespace) || namespace.length > maxNameLength)) {
    findings.push(fault("metadata.namespace", `"${namespace}" is not a name; ${labelRule}`));
  }
  return findings;
};

/** The Service of a predictor, which is named after it, has a name that Kubernetes takes. */
export const predictorIsNamed: Check = perPredictor((predictor, path, { deployment }) => {
  const { name } = predictor;
  if (name.length > maxPredictorName) {
    const message = `has ${name.length} characters, and there may be ${maxPredictorName}; shorten it`;
    return [fault(at(path, "name"), message)];
  }
  const own = predictor.annotations?.[serviceNameAnnotation];
  if (own !== undefined) {
    if (serviceLabel.test(own) && own.length <= maxNameLength) return [];
    const where = at(at(path, "annotations"), serviceNameAnnotation);
    return [fault(where, `"${own}" is not the name of a Service; ${serviceRule}`)];
  }
  if (name === "") return [fault(at(path, "name"), "is empty; name the predictor")];
  const service = predictorServiceName(deployment.metadata.name ?? "x", { name });
  // Only the predictor's part is judged here; metadata.name has its own check.
  return label.test(name) || serviceLabel.test(service)
    ? []
    : [fault(at(path, "name"), `"${name}" cannot be part of a Service's name; ${labelRule}`)];
});

/** Source: operator contract, 4.7: the label key is this and the container's name. */
const longestNodeContainer = maxNameLength - "seldon-app-svc-".length;

/** A node's container can name the label that its Service selects by. */
export const nodeContainerFitsLabel: Check = perUnit(({ unit, path, predictor }) => {
  const { name } = unit;
  const hasContainer = isPrepackaged(unit) || findContainer(predictor, name) !== undefined;
  if (name.length <= longestNodeContainer || !hasContainer) return [];
  const message =
    `"${name}" has ${name.length} characters, and the label of its Service has room for ` +
    `${longestNodeContainer}; shorten the name of the node and its container`;
  return [fault(at(path, "name"), message)];
});

/** A node's name travels in headers and paths, as that of a route or a model. */
export const nodeNameIsPlain: Check = perUnit(({ unit: { name }, path }) =>
  name === "" || /^[A-Za-z0-9][-_.A-Za-z0-9]*$/.test(name)
    ? []
    : [warning(at(path, "name"), `"${name}" is awkward in headers and paths; ${labelRule}`)],
);

/** Source: operator contract, 4.3: containers of these names are taken for those that we add. */
const addedContainers = ["seldon-container-engine", "tfserving"];

/** A node's container is not taken for another one. */
export const nodeNameIsFree: Check = perUnit(({ unit, path, predictor }) => {
  const { name } = unit;
  if (!addedContainers.includes(name) || isPrepackaged(unit)) return []; // a fault of rendering
  if (findContainer(predictor, name) === undefined) return [];
  const message = `"${name}" is the name of a container that we add, so this one gets no ports and no Service; rename the node and its container`;
  return [warning(at(path, "name"), message)];
});

/** Source: Kubernetes, labels: an optional DNS prefix and a name; a value may be empty. */
const labelName = /^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
export const isLabelKey = (key: string): boolean => {
  const [name = "", prefix, ...rest] = key.split("/").reverse();
  return (
    rest.length === 0 &&
    labelName.test(name) &&
    (prefix === undefined ||
      (prefix.length <= 253 && /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(prefix)))
  );
};

type Labels = { readonly [key: string]: string } | undefined;

const labelFindings = (labels: Labels, path: string): readonly Finding[] =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => {
    if (!isLabelKey(key)) {
      return [
        fault(at(path, key), "is not a label key; use letters, digits, -, _ and ., at most 63"),
      ];
    }
    return value === "" || labelName.test(value)
      ? []
      : [
          fault(
            at(path, key),
            `"${value}" is not a label value; use letters, digits, -, _ and ., at most 63`,
          ),
        ];
  });

/** The labels of pods can be labels; without a `version`, the predictor's name is one. */
export const labelsAreLabels: Check = perPredictor((predictor, path) => {
  const isVersion = predictor.labels?.["version"] === undefined;
  return [
    ...labelFindings(predictor.labels, at(path, "labels")),
    ...(isVersion && predictor.name !== "" && !labelName.test(predictor.name)
      ? [
          fault(
            at(path, "name"),
            `"${predictor.name}" becomes the label version and is no label value; shorten it, or set labels.version`,
          ),
        ]
      : []),
    ...(predictor.componentSpecs ?? []).flatMap(({ metadata }, i) =>
      labelFindings(metadata?.labels, `${item(at(path, "componentSpecs"), i)}.metadata.labels`),
    ),
  ];
});
