/**
 * Tells the API server where the webhook is and whom to trust, and keeps it told.
 *
 * A configuration that a chart or a person has made gets its `caBundle` alone; where the operator
 * manages it, it makes configuration and Service whole. Only what differs is written.
 *
 * Source: operator contract, 9.4.
 */
import { isDeepStrictEqual } from "node:util";
import { group } from "../../api/schema.ts";
import type { Logger } from "../../host/log.ts";
import { ClusterError } from "../cluster/cluster.ts";
import { type KubernetesObject, type Ref, refOf } from "../render/object.ts";
import type { Objects } from "./objects.ts";
import { untilWon } from "./race.ts";
import {
  configurationName,
  isMade,
  ownedBy,
  type WebhookOptions,
  webhookConfiguration,
  webhookService,
  withBundle,
  withDesired,
} from "./webhook-configuration.ts";

export type PublishOptions = {
  readonly objects: Objects;
  readonly webhook: WebhookOptions;
  readonly log: Logger;
};

/** Makes it known whom to trust: a PEM bundle, or undefined when others say so. */
export type Publish = (bundle: string | undefined) => Promise<void>;

/** Looks after the `caBundle` of a configuration that others make. */
export const makeBundleRefresher = ({ objects, webhook, log }: PublishOptions): Publish => {
  const name = configurationName(webhook.namespace);
  const ref: Ref = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    namespace: "",
    name,
  };
  let isMissed = false;
  return (bundle) =>
    untilWon(async () => {
      if (bundle === undefined) return;
      const live = await objects.read(ref);
      if (live === undefined) {
        if (!isMissed) log.warn({ configuration: name }, missing);
        isMissed = true;
        return;
      }
      isMissed = false;
      const wanted = withBundle(live, bundle);
      if (wanted === undefined) return;
      await objects.replace(wanted);
      log.info({ configuration: name }, "caBundle of the webhook configuration renewed");
    });
};

const missing =
  "nobody asks the webhook: there is no such configuration; install it with the chart, " +
  "or set ESPALIER_WEBHOOK_MANAGED=true";

/** Makes the configuration and the Service, and keeps them as they should be. */
export const makeObjectsPublisher = ({ objects, webhook, log }: PublishOptions): Publish => {
  const write = async (
    live: KubernetesObject | undefined,
    wanted: KubernetesObject | undefined,
  ): Promise<void> => {
    if (wanted === undefined) return;
    await (live === undefined ? objects.create(wanted) : objects.replace(wanted));
    const { kind, metadata } = wanted;
    log.info({ kind, name: metadata.name, isNew: live === undefined }, "webhook object written");
  };
  const publishService = async (): Promise<void> => {
    const live = await objects.read(refOf(webhookService(webhook, undefined)));
    if (live !== undefined && !isMade(live)) return; // a chart's, or somebody's own
    const deployment = await readIfAllowed(objects, deploymentRef(webhook.namespace));
    const desired = webhookService(webhook, deployment);
    await write(live, live === undefined ? desired : withPorts(live, desired));
  };
  const publishConfiguration = async (bundle: string | undefined): Promise<void> => {
    const live = await objects.read(refOf(webhookConfiguration(webhook, bundle)));
    if (live !== undefined) {
      return write(live, withDesired(live, webhookConfiguration(webhook, bundle)));
    }
    const definition = await readIfAllowed(objects, definitionRef);
    const owner = definition && ownedBy(definition);
    return write(undefined, webhookConfiguration(webhook, bundle, owner));
  };
  return async (bundle) => {
    await untilWon(publishService);
    await untilWon(() => publishConfiguration(bundle));
  };
};

/** The Service before the same pods at the same port; undefined when it is so. */
const withPorts = (
  live: KubernetesObject,
  desired: KubernetesObject,
): KubernetesObject | undefined => {
  const held = live["spec"] as Served;
  const wanted = desired["spec"] as Served;
  const isSame =
    held.ports?.[0]?.targetPort === wanted.ports?.[0]?.targetPort &&
    isDeepStrictEqual(held.selector, wanted.selector);
  const { selector, ports } = wanted;
  return isSame ? undefined : { ...live, spec: { ...held, selector, ports } };
};

/** What of a Service's spec is compared. */
type Served = {
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly targetPort?: number | string }[];
};

/** Owners are a courtesy to whoever cleans up: without the right to read them there is none. */
const readIfAllowed = async (objects: Objects, ref: Ref): Promise<KubernetesObject | undefined> => {
  try {
    return await objects.read(ref);
  } catch (error) {
    if (error instanceof ClusterError && error.code === "FORBIDDEN") return undefined;
    throw error;
  }
};

const deploymentRef = (namespace: string): Ref => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace,
  name: "seldon-controller-manager",
});

const definitionRef: Ref = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  namespace: "",
  name: `seldondeployments.${group}`,
};
