/** Ambassador's configuration as text in an annotation of a Service. Source: operator contract, 6.2. */
import { type Result, success } from "../../../api/result.ts";
import { writeYaml } from "../../../api/yaml.ts";
import type { Subject } from "../subject.ts";
import {
  type AmbassadorTarget,
  type Mapping,
  mappings,
  tlsContext,
  weightIn,
} from "./ambassador.ts";
import { textOf } from "./annotation.ts";
import { certificateOf, splitOf } from "./split.ts";

/** The annotation that holds it. */
export const ambassadorAnnotation = "getambassador.io/config";

const apiVersion = "ambassador/v1";

/**
 * What `getambassador.io/config` says on the Service of a predictor or of its explainer; undefined
 * where Ambassador v1 is off. A Service is there before its pods are ready, and so is its share.
 */
export const ambassadorConfig = (
  subject: Subject,
  target: AmbassadorTarget,
): Result<string | undefined> => {
  const { deployment, predictor, settings } = subject;
  if (!settings.ambassadorEnabled || settings.ambassadorVersion !== "v1") return success(undefined);
  const own = textOf(deployment, "seldon.io/ambassador-config");
  if (own !== undefined) return success(own);
  const { name, namespace } = deployment.metadata;
  const secret = target.isExplainer ? undefined : certificateOf(subject);
  const context = `seldon_${namespace}_${name}_${predictor.name}_tls_config`;
  const share = {
    weight: weightIn(
      splitOf(deployment, settings, () => true),
      subject,
    ),
    tlsContext: secret === undefined ? undefined : context,
  };
  const documents = [
    ...mappings(subject, target, share).map((mapping) => ({
      apiVersion,
      kind: "Mapping",
      name: mappingName(mapping, subject, target),
      ...mapping.spec,
    })),
    ...(secret === undefined
      ? []
      : [{ apiVersion, kind: "TLSContext", name: context, ...tlsContext(secret, deployment) }]),
  ];
  return success(documents.map((each) => `---\n${writeYaml(each)}`).join(""));
};

const mappingName = (
  { transport, scope }: Mapping,
  { deployment, predictor }: Subject,
  { isExplainer }: AmbassadorTarget,
): string => {
  const { name, namespace } = deployment.metadata;
  const space = scope === "short" ? "" : `${namespace}_`;
  const served = `${predictor.name}${isExplainer ? "-explainer" : ""}`;
  return `seldon_${space}${name}_${served}_${transport}_mapping`;
};
