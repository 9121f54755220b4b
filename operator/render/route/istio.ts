/** Routes of an Istio mesh. Source: operator contract, 6.1, 12.7. */
import { findContainer } from "../../../api/deployment.ts";
import {
  deploymentId,
  explainerName,
  explainerVirtualServiceName,
  serviceHost,
  subsetName,
} from "../../../api/names.ts";
import { failure, type Result, success } from "../../../api/result.ts";
import type { Settings } from "../../../api/settings.ts";
import type { Deployment, Predictor } from "../../../api/types.ts";
import { enginePlace } from "../engine-place.ts";
import type { KubernetesObject } from "../object.ts";
import { ownedMetadata } from "../owner.ts";
import { explainerPort } from "../ports.ts";
import type { Subject } from "../subject.ts";
import { numberOf, textOf } from "./annotation.ts";
import { type Destination, explainerPath, type Split } from "./split.ts";

const apiVersion = "networking.istio.io/v1alpha3";

/** DestinationRules first: a VirtualService must not name a subset that nobody knows. */
export const istioRoutes = (split: Split): Result<readonly KubernetesObject[]> => {
  const { deployment, settings, live, shadow, explained } = split;
  const tls = tlsOf(settings);
  if (!tls.ok) return tls;
  const rules = [...live, ...(live.length > 0 && shadow !== undefined ? [shadow] : [])];
  return success([
    ...rules.map((each) => destinationRule(each, tls.value)),
    ...explained.map(explainerRule),
    ...(live.length > 0
      ? [virtualService(deploymentId(deployment.metadata.name), predictorRoutes(split), split)]
      : []),
    ...explained.map((subject) => explainerService(subject, split)),
  ]);
};

const virtualService = (
  name: string,
  http: readonly object[],
  { deployment, settings }: Split,
): KubernetesObject => ({
  apiVersion,
  kind: "VirtualService",
  metadata: ownedMetadata(name, {}, {}, deployment),
  spec: {
    hosts: [textOf(deployment, "seldon.io/istio-host") ?? "*"],
    gateways: [
      textOf(deployment, "seldon.io/istio-gateway") ?? (settings.istioGateway || "seldon-gateway"),
    ],
    http,
  },
});

/** All that speaks gRPC, in any protocol. */
const grpcPaths = ".*tensorflow.*|.*seldon.protos.*|.*inference.*";

const predictorRoutes = (split: Split): readonly object[] => {
  const { name, namespace } = split.deployment.metadata;
  return [
    {
      match: [{ uri: { prefix: `/seldon/${namespace}/${name}/` } }],
      rewrite: { uri: "/" },
      ...destinations(split, "http"),
    },
    {
      match: [
        {
          uri: { regex: grpcPaths },
          headers: { seldon: { exact: name }, namespace: { exact: namespace } },
        },
      ],
      ...destinations(split, "grpc"),
    },
  ];
};

/** A weight of 0 is the absence of one; a copy of everything needs no percentage. */
const destinations = ({ deployment, live, shadow }: Split, port: "http" | "grpc"): object => ({
  route: live.map((each) => ({
    destination: place(each, port),
    ...(each.weight > 0 ? { weight: each.weight } : {}),
  })),
  ...(shadow === undefined ? {} : { mirror: place(shadow, port) }),
  ...(shadow !== undefined && shadow.weight > 0
    ? { mirrorPercentage: { value: shadow.weight } }
    : {}),
  ...retries(deployment),
});

const place = ({ subject, service, ports }: Destination, port: "http" | "grpc"): object => ({
  host: serviceHost(service, subject.deployment.metadata.namespace),
  subset: subsetName(subject.predictor.name),
  port: { number: ports[port] },
});

/** A try of 0 seconds is one without an end, which is what Istio does without `perTryTimeout`. */
const retries = (deployment: Deployment): object => {
  const attempts = numberOf(deployment, "seldon.io/istio-retries") ?? 0;
  const seconds = numberOf(deployment, "seldon.io/istio-retries-timeout") ?? 1;
  if (attempts === 0) return {};
  return {
    retries: {
      attempts,
      ...(seconds > 0 ? { perTryTimeout: `${seconds}s` } : {}),
      retryOn: "gateway-error,connect-failure,refused-stream",
    },
  };
};

const tlsModes = ["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"];

/** How the mesh speaks to predictors: v1's documents recommend STRICT, which Istio does not know. */
const tlsOf = ({ istioTlsMode }: Settings): Result<object> => {
  if (istioTlsMode === "") return success({});
  const mode = istioTlsMode === "STRICT" ? "ISTIO_MUTUAL" : istioTlsMode;
  if (tlsModes.includes(mode)) return success({ tls: { mode } });
  const message = `"${istioTlsMode}" is not a mode; set ISTIO_TLS_MODE to one of ${tlsModes.join(", ")} or STRICT`;
  return failure([{ path: "settings.istioTlsMode", message }]);
};

const destinationRule = ({ subject, service }: Destination, tls: object): KubernetesObject => ({
  apiVersion,
  kind: "DestinationRule",
  metadata: ownedMetadata(service, {}, {}, subject.deployment),
  spec: {
    host: serviceHost(service, subject.deployment.metadata.namespace),
    subsets: [
      { name: subsetName(subject.predictor.name), labels: { version: podVersion(subject) } },
    ],
    trafficPolicy: { connectionPool: { http: { idleTimeout: "60s" } }, ...tls },
  },
});

/** The `version` of the pods that requests come in by: that of their componentSpec wins. */
const podVersion = (subject: Subject): string => {
  const { predictor } = subject;
  const place = enginePlace(subject);
  const index = {
    "own-pod": undefined,
    component: place.is === "component" ? place.index : undefined,
    nowhere: findContainer(predictor, predictor.graph.name)?.index,
  }[place.is];
  const component = index === undefined ? undefined : predictor.componentSpecs[index];
  return component?.metadata?.labels?.["version"] ?? versionOf(predictor);
};

/** Every predictor has one once its manifest is parsed. */
const versionOf = ({ name, labels }: Predictor): string => labels["version"] ?? name;

const explainerRule = ({ deployment, predictor }: Subject): KubernetesObject => {
  const service = explainerName(deployment.metadata.name, predictor.name);
  return {
    apiVersion,
    kind: "DestinationRule",
    metadata: ownedMetadata(service, {}, {}, deployment),
    spec: {
      host: service,
      subsets: [{ name: subsetName(predictor.name), labels: { version: versionOf(predictor) } }],
    },
  };
};

const explainerService = (subject: Subject, split: Split): KubernetesObject => {
  const { deployment, predictor } = subject;
  const { name, namespace } = deployment.metadata;
  const destination = {
    host: explainerName(name, predictor.name),
    subset: subsetName(predictor.name),
    port: { number: explainerPort(subject) },
  };
  const route = {
    match: [{ uri: { prefix: `/seldon/${namespace}/${explainerPath(name, subject)}` } }],
    rewrite: { uri: "/" },
    route: [{ destination, weight: 100 }],
  };
  return virtualService(explainerVirtualServiceName(name, predictor.name), [route], split);
};
