/**
 * The kinds of objects that the operator asks for, and which of them it watches.
 *
 * Source: operator contract, 4, 6, 9.6; design 5.2.5, 5.2.10.
 */
import { deploymentLabel } from "../render/owner.ts";
import { deploymentKind } from "./owner.ts";

export type Kind = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly isClusterWide?: true;
};

/** A kind whose objects we own; they are kept in a cache. */
export type WatchedKind = Kind & {
  /** The watch asks only for objects with this label. */
  readonly label?: string;
  /** Served only where its CRD is installed. */
  readonly isAddOn: boolean;
};

/** On what v1 made too, unless it made it without labels. Source: operator contract, 4.2, 4.7, 4.9. */
const v1Label = "seldon-deployment-id";

const builtIn = (apiVersion: string, kind: string, plural: string): WatchedKind => ({
  apiVersion,
  kind,
  plural,
  label: v1Label,
  isAddOn: false,
});

const addOn = (apiVersion: string, kind: string, plural: string, label?: string): WatchedKind => ({
  apiVersion,
  kind,
  plural,
  isAddOn: true,
  ...(label === undefined ? {} : { label }),
});

export const seldonDeployments: Kind = { ...deploymentKind, plural: "seldondeployments" };

export const namespaces: Kind = {
  apiVersion: "v1",
  kind: "Namespace",
  plural: "namespaces",
  isClusterWide: true,
};

export const configMaps: Kind = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" };

/** Everything that is rendered. v1's VirtualServices and DestinationRules carry no label. */
export const ownedKinds: readonly WatchedKind[] = [
  builtIn("apps/v1", "Deployment", "deployments"),
  builtIn("v1", "Service", "services"),
  builtIn("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  builtIn("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
  addOn("keda.sh/v1alpha1", "ScaledObject", "scaledobjects", v1Label),
  addOn("networking.istio.io/v1alpha3", "VirtualService", "virtualservices"),
  addOn("networking.istio.io/v1alpha3", "DestinationRule", "destinationrules"),
  addOn("getambassador.io/v2", "Mapping", "mappings", v1Label),
  addOn("getambassador.io/v2", "TLSContext", "tlscontexts", deploymentLabel),
  addOn("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", deploymentLabel),
  addOn("gateway.networking.k8s.io/v1", "GRPCRoute", "grpcroutes", deploymentLabel),
];

/** Asked for by name or in lists, and never watched. */
const others: readonly Kind[] = [
  { apiVersion: "apps/v1", kind: "ReplicaSet", plural: "replicasets" },
  { apiVersion: "v1", kind: "Pod", plural: "pods" },
  { apiVersion: "v1", kind: "Secret", plural: "secrets" },
  { apiVersion: "v1", kind: "ServiceAccount", plural: "serviceaccounts" },
  { apiVersion: "v1", kind: "Event", plural: "events" },
  { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" },
];

export const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";

/** The same for a kind in every version. */
export const idOf = ({ apiVersion, kind }: Pick<Kind, "apiVersion" | "kind">): string =>
  `${groupOf(apiVersion)}/${kind}`;

const known: ReadonlyMap<string, Kind> = new Map(
  [seldonDeployments, namespaces, configMaps, ...ownedKinds, ...others].map((kind) => [
    idOf(kind),
    kind,
  ]),
);

/** The kind in the version asked for; undefined for one that the operator has no business with. */
export const kindOf = (asked: Pick<Kind, "apiVersion" | "kind">): Kind | undefined => {
  const kind = known.get(idOf(asked));
  return kind === undefined ? undefined : { ...kind, apiVersion: asked.apiVersion };
};

/** `deployments.apps`: how roles name a kind. */
export const resourceOf = ({ apiVersion, plural }: Kind): string => {
  const group = groupOf(apiVersion);
  return group === "" ? plural : `${plural}.${group}`;
};

/** Source: Kubernetes API concepts, "Resource URIs". No namespace: all of them. */
export const pathOf = (kind: Kind, namespace = "", name = "", subresource = ""): string =>
  [
    kind.apiVersion.includes("/") ? "/apis" : "/api",
    kind.apiVersion,
    ...(namespace === "" || kind.isClusterWide === true
      ? []
      : ["namespaces", encodeURIComponent(namespace)]),
    kind.plural,
    ...(name === "" ? [] : [encodeURIComponent(name)]),
    ...(subresource === "" ? [] : [subresource]),
  ].join("/");
