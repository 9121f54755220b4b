/**
 * The objects by which the API server finds the webhook: pure, so that tables can test them.
 *
 * Source: operator contract, 3 (rule, policy, paths), 9.4 (names, owners), 9.5 (selectors).
 */
import { isDeepStrictEqual } from "node:util";
import { group, versions } from "../../api/schema.ts";
import type { KubernetesObject, OwnerReference } from "../render/object.ts";

/** Which deployments the operator is in charge of. Source: operator contract, 9.5. */
export type Charge = {
  /** The one namespace it looks at; empty: all of them. */
  readonly watchNamespace: string;
  /** CONTROLLER_ID, or empty. */
  readonly controllerId: string;
};

export type WebhookOptions = Charge & {
  /** Of the operator: where its Service is. */
  readonly namespace: string;
  /** On which the operator listens. */
  readonly port: number;
};

const serviceName = "seldon-webhook-service";
export const webhookName = "v1.vseldondeployment.kb.io";
const controllerLabel = "seldon.io/controller-id";
const servicePort = 443;
/** What of ours is made by the operator and not by a chart. */
const made = { "app.kubernetes.io/managed-by": "espalier" };
export const isMade = ({ metadata }: KubernetesObject): boolean =>
  metadata.labels?.["app.kubernetes.io/managed-by"] === "espalier";

export const configurationName = (namespace: string): string =>
  `seldon-validating-webhook-configuration-${namespace}`;

/** Which versions the webhook has paths for. */
const pathOf = (version: string): string =>
  `/validate-${group.replaceAll(".", "-")}-${version}-seldondeployment`;
export const paths: readonly string[] = versions.map(pathOf);

/** The names by which an API server calls the Service; it asks for the second. */
export const serverNames = (namespace: string): readonly string[] => [
  `${serviceName}.${namespace}`,
  `${serviceName}.${namespace}.svc`,
];

/** The configuration as the operator would make it; `bundle`: PEM certificates to trust. */
export const webhookConfiguration = (
  options: WebhookOptions,
  bundle: string | undefined,
  owner?: OwnerReference,
): KubernetesObject => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: {
    name: configurationName(options.namespace),
    labels: made,
    ...(owner !== undefined && { ownerReferences: [owner] }),
  },
  webhooks: [webhook(options, bundle)],
});

const webhook = ({ namespace, ...charge }: WebhookOptions, bundle: string | undefined) => ({
  name: webhookName,
  clientConfig: {
    service: { name: serviceName, namespace, path: pathOf("v1"), port: servicePort },
    ...(bundle !== undefined && { caBundle: base64(bundle) }),
  },
  rules: [
    {
      apiGroups: [group],
      apiVersions: ["v1"],
      operations: ["CREATE", "UPDATE"],
      resources: ["seldondeployments"],
      scope: "Namespaced",
    },
  ],
  ...selectors(charge),
  // The other versions are converted and checked too.
  matchPolicy: "Equivalent",
  failurePolicy: "Fail",
  sideEffects: "None",
  admissionReviewVersions: ["v1", "v1beta1"],
  timeoutSeconds: 10,
});

/** Exactly the deployments that this operator reconciles. Source: operator contract, 8.1.2-3. */
const selectors = ({ watchNamespace, controllerId }: Charge) => ({
  namespaceSelector: {
    matchExpressions: [
      watchNamespace === ""
        ? { key: controllerLabel, operator: "DoesNotExist" }
        : { key: "kubernetes.io/metadata.name", operator: "In", values: [watchNamespace] },
    ],
  },
  objectSelector: {
    matchExpressions: [
      controllerId === ""
        ? { key: controllerLabel, operator: "DoesNotExist" }
        : { key: controllerLabel, operator: "In", values: [controllerId] },
    ],
  },
});

/** The Service before the operator's pods, which are those of its Deployment if that is known. */
export const webhookService = (
  { namespace, port }: WebhookOptions,
  deployment: KubernetesObject | undefined,
): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: serviceName,
    namespace,
    labels: made,
    ...(deployment !== undefined && { ownerReferences: [ownedBy(deployment)] }),
  },
  spec: {
    type: "ClusterIP",
    selector: podLabels(deployment) ?? { "control-plane": "seldon-controller-manager" },
    ports: [{ name: "webhook", port: servicePort, targetPort: port, protocol: "TCP" }],
  },
});

type Selecting = {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
};

const podLabels = (deployment: KubernetesObject | undefined) =>
  (deployment?.["spec"] as Selecting | undefined)?.selector?.matchLabels; // a Deployment has one

/** Goes when its owner goes; not its controller, so that others may look after it. */
export const ownedBy = ({ apiVersion, kind, metadata }: KubernetesObject): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid ?? "",
});

/** A certificate authority that somebody else puts into the configuration. Source: cert-manager, CA injector. */
const injections = ["inject-ca-from", "inject-ca-from-secret", "inject-apiserver-ca"];
export const isInjected = ({ metadata }: KubernetesObject): boolean =>
  injections.some((name) => metadata.annotations?.[`cert-manager.io/${name}`] !== undefined);

type Webhook = { readonly clientConfig?: { readonly caBundle?: string } };

const webhooksOf = (configuration: KubernetesObject): readonly Webhook[] =>
  (configuration["webhooks"] as readonly Webhook[] | undefined) ?? []; // as the API server keeps it

/** The live configuration with this bundle in each webhook; undefined when it is so, or not ours to say. */
export const withBundle = (
  live: KubernetesObject,
  bundle: string,
): KubernetesObject | undefined => {
  if (isInjected(live)) return undefined;
  const caBundle = base64(bundle);
  const webhooks = webhooksOf(live);
  if (webhooks.every(({ clientConfig }) => clientConfig?.caBundle === caBundle)) return undefined;
  return {
    ...live,
    webhooks: webhooks.map((one) => ({ ...one, clientConfig: { ...one.clientConfig, caBundle } })),
  };
};

/** The live configuration made as desired; undefined when it is so. What others inject stays. */
export const withDesired = (
  live: KubernetesObject,
  desired: KubernetesObject,
): KubernetesObject | undefined => {
  const [kept] = isInjected(live) ? webhooksOf(live) : [];
  const webhooks = webhooksOf(desired).map((one) => ({
    ...one,
    clientConfig: {
      ...one.clientConfig,
      ...(kept?.clientConfig?.caBundle !== undefined && { caBundle: kept.clientConfig.caBundle }),
    },
  }));
  return isDeepStrictEqual(live["webhooks"], webhooks) ? undefined : { ...live, webhooks };
};

const base64 = (text: string): string => Buffer.from(text).toString("base64");
