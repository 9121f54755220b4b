/**
 * Deployments. Server-side apply refuses a list that has a key twice, so each has it once here.
 *
 * Source: operator contract, 4.2; design 5.2.1.
 */
import type { Container, ContainerPort, PodSpec } from "../../api/types.ts";
import { lastWins } from "./env.ts";
import { firstOf } from "./keyed.ts";
import { knownFields } from "./known-fields.ts";
import { given, type KubernetesObject } from "./object.ts";
import { ownedMetadata } from "./owner.ts";
import type { Subject } from "./subject.ts";
import type { Workload } from "./workload.ts";

/** The Deployment of a workload: a new pod serves before an old one goes. */
export const deploymentObject = (
  workload: Workload,
  { deployment }: Pick<Subject, "deployment">,
): KubernetesObject => {
  const { name, own, replicas, progressDeadlineSeconds, selector } = workload;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: ownedMetadata(name, own.labels, own.annotations, deployment),
    spec: {
      ...given({ replicas }),
      selector: { matchLabels: selector },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } },
      ...given({ progressDeadlineSeconds }),
      template: {
        metadata: { labels: workload.labels, annotations: workload.annotations },
        spec: applicable(workload.spec),
      },
    },
  };
};

const applicable = (spec: PodSpec): PodSpec =>
  knownFields("PodSpec", {
    ...spec,
    volumes: firstOf(spec.volumes ?? [], ({ name }) => name),
    ...given({ initContainers: spec.initContainers?.map(withoutRepeats) }),
    containers: spec.containers.map(withoutRepeats),
  });

/** What a user wrote comes first in a list, and stays; of environment, the last entry is what counts. */
const withoutRepeats = (container: Container): Container => ({
  ...container,
  ...given({
    env: container.env && lastWins(container.env),
    ports: container.ports && distinctPorts(container.ports),
    volumeMounts:
      container.volumeMounts && firstOf(container.volumeMounts, ({ mountPath }) => mountPath),
  }),
});

/** A port that a user left without a name gets the one that we have for it. */
const distinctPorts = (ports: readonly ContainerPort[]): readonly ContainerPort[] =>
  firstOf(ports, portKey).map((port) => ({
    ...given({ name: ports.find((each) => each.name && portKey(each) === portKey(port))?.name }),
    ...port,
  }));

const portKey = ({ containerPort, protocol }: ContainerPort): string =>
  `${containerPort}/${protocol || "TCP"}`;
