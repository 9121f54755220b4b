/** The Services in front of a predictor and of its containers. Source: operator contract, 4.7. */
import { annotationOf, containersOf, hasNoEngine } from "../../api/deployment.ts";
import { locate } from "../../api/graph.ts";
import { containerServiceName, predictorServiceName } from "../../api/names.ts";
import { firstOf } from "./keyed.ts";
import {
  containerLabel,
  entryLabel,
  idLabel,
  managedLabel,
  roleLabelOf,
  shadowLabel,
} from "./meta.ts";
import type { KubernetesObject, Made } from "./object.ts";
import { ownedMetadata } from "./owner.ts";
import { predictorPorts } from "./ports.ts";
import {
  type NodeContainer,
  nodeContainerOf,
  predictorPath,
  type Subject,
  type Words,
} from "./subject.ts";

export type ServiceShape = {
  readonly name: string;
  readonly labels: Words;
  readonly annotations: Words;
  readonly selector: Words;
  readonly ports: readonly ServicePort[];
};
export type ServicePort = {
  readonly name: string;
  readonly port: number;
  readonly appProtocol?: string;
};

export const serviceObject = (shape: ServiceShape, { deployment }: Subject): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: ownedMetadata(shape.name, shape.labels, shape.annotations, deployment),
  spec: {
    type: "ClusterIP",
    sessionAffinity: "None",
    selector: shape.selector,
    ports: firstOf(shape.ports, ({ port }) => port).map((each) => ({
      ...each,
      targetPort: each.port,
      protocol: "TCP",
    })),
  },
});

/** A Service that requests come in at; headless if the deployment says so. */
export const entryServiceObject = (shape: ServiceShape, subject: Subject): KubernetesObject => {
  const service = serviceObject(shape, subject);
  const headless = annotationOf(subject.deployment, "seldon.io/headless-svc") ?? "false";
  return headless === "false"
    ? service
    : { ...service, spec: { ...(service["spec"] as object), clusterIP: "None" } }; // as made above
};

/** One for each container that serves a node; of two with one name, the first is addressed. */
export const containerServices = (subject: Subject): readonly Made[] => {
  const places = locate(subject.predictor.graph, `${predictorPath(subject)}.graph`);
  return firstOf(nodeContainers(subject), ({ unit }) => unit.name).map((node) => ({
    object: containerService(node, subject),
    path: `${places.find(({ unit }) => unit === node.unit)?.path}.name`,
  }));
};

const nodeContainers = (subject: Subject): readonly NodeContainer[] =>
  subject.predictor.componentSpecs
    .flatMap(containersOf)
    .map((container) => nodeContainerOf(container, subject))
    .filter((node) => node !== undefined);

const containerService = (
  { container: { name }, ports }: NodeContainer,
  subject: Subject,
): KubernetesObject => {
  const { deployment, predictor } = subject;
  const selector = containerLabel(name, subject);
  return serviceObject(
    {
      name: containerServiceName(deployment.metadata.name, predictor.name, name),
      labels: {
        ...selector,
        ...idLabel(subject),
        ...entryLabel(subject),
        ...roleLabelOf(name, subject),
        ...shadowLabel(subject),
        ...managedLabel,
      },
      annotations: { ...predictor.annotations },
      selector,
      ports: [
        { name: "http", port: ports.http },
        { name: "grpc", port: ports.grpc },
      ],
    },
    subject,
  );
};

/** `ambassador`: what Ambassador v1 reads on a Service, if it is on. Source: operator contract, 6.2. */
export const predictorService = (
  subject: Subject,
  ambassador: string | undefined,
): KubernetesObject => {
  const { deployment, predictor } = subject;
  const { http, grpc } = predictorPorts(subject);
  const alone = hasNoEngine(predictor) ? nodeContainers(subject)[0] : undefined;
  return entryServiceObject(
    {
      name: predictorServiceName(deployment.metadata.name, predictor),
      labels: {
        ...entryLabel(subject),
        ...idLabel(subject),
        ...(alone === undefined ? {} : roleLabelOf(alone.container.name, subject)),
        ...(alone === undefined ? {} : shadowLabel(subject)),
        ...managedLabel,
      },
      annotations: {
        ...(ambassador === undefined ? {} : { "getambassador.io/config": ambassador }),
        ...predictor.annotations,
      },
      selector: entryLabel(subject),
      ports: [
        { name: "http", port: http },
        { name: "grpc", port: grpc, ...plainHttp2(subject) },
      ],
    },
    subject,
  );
};

/** Gateways speak HTTP/2 without TLS to a port that says so. Source: Gateway API, GEP-1911. */
const plainHttp2 = ({ predictor, settings }: Subject): { readonly appProtocol?: string } =>
  settings.gatewayApiEnabled && (!predictor.ssl?.certSecretName || hasNoEngine(predictor))
    ? { appProtocol: "kubernetes.io/h2c" }
    : {};
