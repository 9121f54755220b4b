/**
 * The pods of a predictor with its prepackaged servers furnished and its stored models fetched.
 * What flows in are finished containers, as those of any node; what flows out are pods with images,
 * arguments, init containers and volumes. Source: operator contract, 7.
 */
import { protocolOf } from "../../../api/deployment.ts";
import { isPrepackaged } from "../../../api/graph.ts";
import { at } from "../../../api/path.ts";
import { failure, type Issue, type Result, success } from "../../../api/result.ts";
import { ownServer } from "../../../api/settings.ts";
import type { PodSpec } from "../../../api/types.ts";
import type { Facts } from "../desired.ts";
import { serviceAccount } from "../pod.ts";
import { withModel } from "../storage/initializer.ts";
import { containerIn } from "../storage/mount.ts";
import {
  engineContainerName,
  predictorPath,
  type Subject,
  tensorflowContainerName,
} from "../subject.ts";
import type { Workload } from "../workload.ts";
import { podAccount } from "./accounts.ts";
import { espalier } from "./espalier.ts";
import { mlServer } from "./mlserver.ts";
import { seldonServer } from "./seldon-server.ts";
import type { Furnished, Server } from "./server.ts";
import { tensorflow } from "./tensorflow.ts";
import { triton } from "./triton.ts";
import { isFetched, placedUnits, serverAccounts, type UnitPlace } from "./units.ts";

/** All faults are told together; the pods of other componentSpecs and of engines stay as they are. */
export const withServers = (
  workloads: readonly Workload[],
  subject: Subject,
  facts: Facts,
): Result<readonly Workload[]> => {
  const places = placedUnits(subject.predictor, predictorPath(subject));
  const issues: Issue[] = [];
  const warnings: Issue[] = [...accountWarnings(places)];
  let pods = withAccounts(workloads, places);
  for (const place of places) {
    const position = pods.findIndex(({ componentIndex }) => componentIndex === place.index);
    const workload = pods[position];
    if (workload === undefined) continue;
    const spec = furnished(workload.spec, place, subject, facts);
    warnings.push(...spec.warnings);
    if (spec.ok) pods = pods.with(position, { ...workload, spec: spec.value });
    else issues.push(...spec.issues);
  }
  return issues.length > 0 ? failure(issues, warnings) : success(pods, warnings);
};

/** A pod runs under the account of its server. Source: operator contract, 7.1. */
const withAccounts = (
  workloads: readonly Workload[],
  places: readonly UnitPlace[],
): readonly Workload[] => {
  const accounts = serverAccounts(places);
  return workloads.map((workload) => {
    const { componentIndex, spec } = workload;
    const place = componentIndex === undefined ? undefined : accounts.get(componentIndex);
    const name = place?.unit.serviceAccountName;
    return name ? { ...workload, spec: { ...spec, ...serviceAccount(name) } } : workload;
  });
};

const accountWarnings = (places: readonly UnitPlace[]): readonly Issue[] => {
  const accounts = serverAccounts(places);
  return places.flatMap(({ unit, index, path }) => {
    const last = accounts.get(index)?.unit;
    const own = unit.serviceAccountName;
    if (!isPrepackaged(unit) || !own || !last || last.serviceAccountName === own) return [];
    const message =
      `is ${own}, but the pod runs as ${last.serviceAccountName}, as its node "${last.name}" says; ` +
      "use one account in one pod, or two componentSpecs";
    return [{ path: at(path, "serviceAccountName"), message }];
  });
};

const furnished = (
  pod: PodSpec,
  place: UnitPlace,
  subject: Subject,
  facts: Facts,
): Result<PodSpec> => {
  const { unit, path } = place;
  const served = isPrepackaged(unit) ? serve(pod, place, subject) : plain(pod, place);
  if (!served.ok || !isFetched(unit, subject.deployment)) {
    return served.ok ? success(served.value.pod, served.warnings) : served;
  }
  const model = {
    uri: unit.modelUri ?? "",
    container: served.value.reader,
    envSecretRefName: unit.envSecretRefName,
    storageInitializerImage: unit.storageInitializerImage,
    account: unit.serviceAccountName || podAccount(pod),
    path,
  };
  const fetched = withModel(served.value.pod, model, { settings: subject.settings, facts });
  return { ...fetched, warnings: [...served.warnings, ...fetched.warnings] };
};

/** A container of the user's own reads its model itself. */
const plain = (pod: PodSpec, { unit }: UnitPlace): Result<Furnished> =>
  success({ pod, reader: unit.name });

/** Containers of these names are not made those of nodes. Source: operator contract, 4.3. */
const reserved = [engineContainerName, tensorflowContainerName];

const serve = (pod: PodSpec, place: UnitPlace, subject: Subject): Result<Furnished> => {
  const { unit, path } = place;
  const server = serverOf(unit.implementation ?? "", subject);
  if (server !== tensorflow && reserved.includes(unit.name)) {
    const message = `"${unit.name}" is the name of a container that we add; rename the node and its container`;
    return failure([{ path: at(path, "name"), message }]);
  }
  return server({ ...place, pod, container: containerIn(pod, unit.name), subject });
};

/** Source: operator contract, 7.1. */
const serverOf = (implementation: string, { deployment }: Subject): Server => {
  if (implementation === "TENSORFLOW_SERVER") return tensorflow;
  if (implementation === "TRITON_SERVER") return triton;
  if (implementation === ownServer) return espalier;
  return ["v2", "kfserving"].includes(protocolOf(deployment)) ? mlServer : seldonServer;
};
