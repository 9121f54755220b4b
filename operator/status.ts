/**
 * The status of a deployment: a pure function of what a pass has found.
 *
 * Source: operator contract, 1.3, 8.1.11, 8.3; design 5.2.8.
 */
import { protocolOf } from "../api/deployment.ts";
import { explainerName, predictorServiceName } from "../api/names.ts";
import { isPlain } from "../api/shape/plain.ts";
import type { SeldonDeploymentStatus } from "../api/types.ts";
import type { Claim, Condition } from "./claim.ts";
import { claimsOf, conditionTypes, failedDeployment, rejectedClaims } from "./conditions.ts";
import { digestOf } from "./digest.ts";
import type { Fault } from "./faults.ts";
import { isAllReady } from "./gates.ts";
import { listAt, numberAt, textAt, wordsAt } from "./live.ts";
import { finder, type Observation } from "./observation.ts";
import type { KubernetesObject } from "./render/object.ts";
import { predictorPorts } from "./render/ports.ts";

/** `conditions` may hold those of others, which are kept as they are. */
export type Status = Omit<SeldonDeploymentStatus, "conditions" | "state" | "description"> & {
  readonly state: "Available" | "Creating" | "Failed";
  readonly description: string;
  readonly conditions: readonly unknown[];
};

/** When and about what a status is: the manifest as the cluster has it. */
export type Context = { readonly manifest: KubernetesObject; readonly now: Date };

export const observe = (seen: Observation, context: Context): Status => ({
  ...stateOf(seen),
  deploymentStatus: deploymentStatus(seen),
  serviceStatus: serviceStatus(seen),
  ...counted(seen),
  ...address(seen),
  conditions: dated(claimsOf(seen), context),
  observedGeneration: context.manifest.metadata.generation ?? 0,
});

/** Nothing can be done about a deployment before people mend it; what runs stays as it is said to be. */
export const reject = (faults: readonly Fault[], context: Context): Status => {
  const { manifest } = context;
  const before = manifest["status"];
  const kept = isPlain(before) ? before : {};
  return {
    ...kept,
    state: "Failed",
    description: descriptionOf(faults),
    conditions: dated(rejectedClaims(faults), context, true),
    observedGeneration: manifest.metadata.generation ?? 0,
  };
};

const descriptionOf = (faults: readonly Fault[]): string =>
  [...new Set(faults.map(({ message }) => message))].sort().join("; ");

/** v1's meaning: routes are not looked at. Source: operator contract, 8.1.11. */
const stateOf = (seen: Observation): Pick<Status, "state" | "description"> => {
  // A server that does not answer for a moment fails nothing.
  const lasting = seen.faults.filter(({ reason }) => reason !== "Unavailable");
  if (lasting.length > 0) return { state: "Failed", description: descriptionOf(lasting) };
  const failed = failedDeployment(seen);
  if (failed !== undefined) {
    const description = `${failed} is neither available nor progressing: look at its events and at those of its pods`;
    return { state: "Failed", description };
  }
  const find = finder(seen.live);
  const isWhole = [...seen.services, ...seen.scaling].every((object) => find(object) !== undefined);
  return { state: isWhole && isAllReady(seen) ? "Available" : "Creating", description: "" };
};

const deploymentStatus = ({ live }: Observation): NonNullable<Status["deploymentStatus"]> =>
  sortedRecord(
    live
      .filter(({ kind }) => kind === "Deployment")
      .map((one) => [
        one.metadata.name,
        {
          replicas: numberAt(one, "status", "replicas"),
          availableReplicas: numberAt(one, "status", "availableReplicas"),
        },
      ]),
  );

const serviceStatus = (seen: Observation): NonNullable<Status["serviceStatus"]> => {
  const find = finder(seen.live);
  const explained = explainedBy(seen);
  return sortedRecord(
    seen.services
      .filter((service) => find(service) !== undefined)
      .map((service) => {
        const { name, namespace } = service.metadata;
        const endpoint = (port: string) => {
          const number = portOf(service, port);
          return number === 0 ? undefined : `${name}.${namespace}:${number}`;
        };
        const [http, grpc] = [endpoint("http"), endpoint("grpc")];
        const explainerFor = explained.get(name);
        return [
          name,
          {
            svcName: name,
            ...(http === undefined ? {} : { httpEndpoint: http }),
            ...(grpc === undefined ? {} : { grpcEndpoint: grpc }),
            ...(explainerFor === undefined ? {} : { explainerFor }),
          },
        ];
      }),
  );
};

const portOf = (service: KubernetesObject, name: string): number =>
  numberAt(
    listAt(service, "spec", "ports").find((port) => textAt(port, "name") === name),
    "port",
  );

/** The Service of each explainer, and that of the predictor it explains. */
const explainedBy = ({ deployment }: Observation): ReadonlyMap<string, string> => {
  const { metadata, spec } = deployment;
  return new Map(
    spec.predictors
      .filter(({ explainer }) => explainer?.type)
      .map((predictor) => [
        explainerName(metadata.name, predictor.name),
        predictorServiceName(metadata.name, predictor),
      ]),
  );
};

const sortedRecord = <T>(entries: readonly (readonly [string, T])[]): { [key: string]: T } =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

/** The scale subresource: of the first predictor's first component. Source: design 5.2.8. */
const counted = ({
  deployment,
  deployments,
  live,
}: Observation): { readonly replicas?: number; readonly selector?: string } => {
  const [first] = deployment.spec.predictors;
  const own = deployments.filter(({ predictor }) => predictor === first?.name);
  const counted = own.find(({ role }) => role === "component") ?? own[0];
  const found = counted && finder(live)(counted.object);
  if (found === undefined) return {};
  const labels = Object.entries(wordsAt(found, "spec", "selector", "matchLabels"));
  return {
    replicas: numberAt(found, "status", "replicas"),
    selector: labels
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(","),
  };
};

/** Source: operator contract, 1.3. */
const address = ({
  deployment,
  settings,
}: Observation): { readonly address?: { readonly url: string } } => {
  const [predictor] = deployment.spec.predictors;
  if (predictor === undefined) return {};
  const service = predictorServiceName(deployment.metadata.name, predictor);
  const { http } = predictorPorts({ deployment, predictor, settings });
  const root = predictor.graph.name;
  const paths = {
    tensorflow: `/v1/models/${root}:predict`,
    v2: `/v2/models/${root}/infer`,
    kfserving: `/v2/models/${root}/infer`,
    seldon: "/api/v1.0/predictions",
  };
  const host = `${service}.${deployment.metadata.namespace}.svc.cluster.local`;
  return { address: { url: `http://${host}:${http}${paths[protocolOf(deployment)]}` } };
};

/**
 * Conditions with the time since when their status holds, sorted by type. `keepsOurs`: claims are
 * about some types only, and the others of ours still hold.
 */
export const dated = (
  claims: readonly Claim[],
  { manifest, now }: Context,
  keepsOurs = false,
): readonly unknown[] => {
  const before = listAt(manifest, "status", "conditions");
  const isClaimed = new Set(claims.map(({ type }) => type));
  const others = before.filter((one) => {
    const type = textAt(one, "type");
    return !isClaimed.has(type) && (keepsOurs || !conditionTypes.includes(type));
  });
  const own = claims.map((one): Condition => {
    const last = before.find((other) => textAt(other, "type") === one.type);
    const since = textAt(last, "status") === one.status && textAt(last, "lastTransitionTime");
    return {
      ...one,
      lastTransitionTime: since || now.toISOString().replace(/\.\d+Z$/, "Z"),
      observedGeneration: manifest.metadata.generation ?? 0,
    };
  });
  return [...own, ...others].sort((a, b) => (textAt(a, "type") < textAt(b, "type") ? -1 : 1));
};

/** Whether a status says what the stored one says. */
export const isSameStatus = (status: Status, manifest: KubernetesObject): boolean =>
  digestOf(status) === digestOf(manifest["status"]);
