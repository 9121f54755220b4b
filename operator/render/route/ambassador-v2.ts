/** Ambassador's configuration as objects. Source: operator contract, 6.3, 12.9, 12.10. */
import { ambassadorName, explainerName } from "../../../api/names.ts";
import { idLabel } from "../meta.ts";
import type { KubernetesObject } from "../object.ts";
import { ownedMetadata } from "../owner.ts";
import { explainerPort } from "../ports.ts";
import type { Subject } from "../subject.ts";
import {
  type AmbassadorTarget,
  type MappingShare,
  mappings,
  tlsContext,
  weightIn,
} from "./ambassador.ts";
import { certificateOf, type Destination, type Split } from "./split.ts";

/** TLSContexts first: the Mappings name them. */
export const ambassadorRoutes = (split: Split): readonly KubernetesObject[] => {
  const { live, shadow, explained } = split;
  const all = [...live, ...(live.length > 0 && shadow !== undefined ? [shadow] : [])];
  return [
    ...all.flatMap(({ subject }) => contexts(subject)),
    ...all.flatMap((destination) => predictorMappings(destination, split)),
    ...explained.flatMap(explainerMappings),
  ];
};

/** What names objects: the namespace too, for TLSContexts are known to all of an Ambassador. */
const partsOf = ({ deployment, predictor }: Subject): readonly string[] => [
  deployment.metadata.namespace,
  deployment.metadata.name,
  predictor.name,
];

const object = (kind: string, name: string, spec: object, subject: Subject): KubernetesObject => ({
  apiVersion: "getambassador.io/v2",
  kind,
  metadata: ownedMetadata(name, idLabel(subject), {}, subject.deployment),
  spec,
});

const contexts = (subject: Subject): readonly KubernetesObject[] => {
  const secret = certificateOf(subject);
  if (secret === undefined) return [];
  const name = ambassadorName(partsOf(subject), "tls");
  return [object("TLSContext", name, tlsContext(secret, subject.deployment), subject)];
};

const predictorMappings = (
  { subject, service, ports }: Destination,
  split: Split,
): readonly KubernetesObject[] => {
  const hasContext = certificateOf(subject) !== undefined;
  const share = {
    weight: weightIn(split, subject),
    tlsContext: hasContext ? ambassadorName(partsOf(subject), "tls") : undefined,
  };
  return mappingObjects(subject, { service, ports, isExplainer: false }, share);
};

const explainerMappings = (subject: Subject): readonly KubernetesObject[] => {
  const { deployment, predictor } = subject;
  const service = explainerName(deployment.metadata.name, predictor.name);
  const ports = { http: explainerPort(subject) };
  const share = { weight: undefined, tlsContext: undefined };
  return mappingObjects(subject, { service, ports, isExplainer: true }, share);
};

const mappingObjects = (
  subject: Subject,
  target: AmbassadorTarget,
  share: MappingShare,
): readonly KubernetesObject[] => {
  const [namespace = "", ...names] = partsOf(subject);
  const whose = target.isExplainer ? [...names, "explainer"] : names;
  return mappings(subject, target, share).map(({ transport, scope, spec }) => {
    const parts = scope === "short" ? whose : [namespace, ...whose];
    const tag = { cluster_tag: transport === "rest" ? "seldon_http" : "seldon_grpc" };
    return object("Mapping", ambassadorName(parts, transport), { ...tag, ...spec }, subject);
  });
};
