/**
 * Routes of the Gateway API: one HTTPRoute a deployment, for REST by path and for gRPC by headers
 * and path; a GRPCRoute only where gRPC has a host or a listener of its own.
 *
 * Source: design 5.2.10; Gateway API 1.3 (the first whose mirrors take percents).
 */
import {
  annotationPath,
  type GatewayEntry,
  type GatewayListener,
  gatewayEntries,
} from "../../../api/gateway.ts";
import { deploymentId, explainerName, explainerVirtualServiceName } from "../../../api/names.ts";
import { failure, type Issue, type Result, success } from "../../../api/result.ts";
import type { Deployment } from "../../../api/types.ts";
import type { KubernetesObject } from "../object.ts";
import { ownedMetadata } from "../owner.ts";
import { explainerPort } from "../ports.ts";
import type { Subject } from "../subject.ts";
import { numberOf } from "./annotation.ts";
import { duration } from "./duration.ts";
import { grpcServices } from "./grpc-services.ts";
import { certificateOf, type Destination, explainerPath, type Split } from "./split.ts";

const restTimeout = "seldon.io/rest-timeout";
const grpcTimeout = "seldon.io/grpc-timeout";

export const gatewayRoutes = (split: Split): Result<readonly KubernetesObject[]> => {
  const { deployment, settings, live, explained } = split;
  const entries = gatewayEntries(deployment, settings);
  if (!entries.ok) return entries;
  const { http, grpc } = entries.value;
  const faults = [...unnamed(split, http), ...crowded(split)];
  if (faults.length > 0) return failure(faults);
  const name = deploymentId(deployment.metadata.name);
  const rules = [restRule(split), ...(grpc === undefined ? [grpcRule(split)] : [])];
  const routes = [
    route({ kind: "HTTPRoute", name, entry: http, rules }, deployment),
    ...(grpc === undefined
      ? []
      : [route({ kind: "GRPCRoute", name, entry: grpc, rules: [ownGrpcRule(split)] }, deployment)]),
  ];
  return success(
    [
      ...(live.length > 0 ? routes : []),
      ...explained.map((subject) => explainerRoute(subject, http)),
    ],
    [...certificates(split), ...(grpc === undefined ? [] : timeouts(deployment))],
  );
};

const unnamed = ({ settings }: Split, { gateways }: GatewayEntry): readonly Issue[] => {
  if (gateways.length > 0) return [];
  const message =
    `"${settings.gateway}" names no gateway; set ESPALIER_GATEWAY to "namespace/name", ` +
    "or annotate the deployment with espalier.io/gateway";
  return [{ path: "settings.gateway", message }];
};

/** Backends of one rule. Source: Gateway API, `backendRefs`. */
const maxBackends = 16;

const crowded = ({ live }: Split): readonly Issue[] => {
  if (live.length <= maxBackends) return [];
  const message = `has ${live.length} predictors, and a route of the Gateway API has room for ${maxBackends}; remove some, or turn the Gateway API off`;
  return [{ path: "spec.predictors", message }];
};

type RouteShape = {
  readonly kind: "HTTPRoute" | "GRPCRoute";
  readonly name: string;
  readonly entry: GatewayEntry;
  readonly rules: readonly object[];
};

const route = (
  { kind, name, entry, rules }: RouteShape,
  deployment: Deployment,
): KubernetesObject => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind,
  metadata: ownedMetadata(
    name,
    { "seldon-deployment-id": deploymentId(deployment.metadata.name) },
    {},
    deployment,
  ),
  spec: {
    parentRefs: entry.gateways.map(parent),
    ...(entry.hosts.length > 0 ? { hostnames: entry.hosts } : {}),
    rules,
  },
});

const parent = ({ namespace, name, listener }: GatewayListener): object => ({
  namespace,
  name,
  ...(listener === undefined ? {} : { sectionName: listener }),
});

/** Answers in place of a path prefix what the Service has at `/`. */
const rewrite = {
  type: "URLRewrite",
  urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } },
};

const prefixMatch = (value: string): object => ({ path: { type: "PathPrefix", value } });

const restRule = (split: Split): object => {
  const { name, namespace } = split.deployment.metadata;
  return {
    matches: [prefixMatch(`/seldon/${namespace}/${name}/`)],
    filters: [rewrite, ...mirrors(split, "http")],
    backendRefs: backends(split, "http"),
    ...timeout(split.deployment, restTimeout),
  };
};

/** What a client's gRPC metadata says. Source: operator contract, 6.3. */
const headerMatches = ({ metadata }: Deployment): readonly object[] => [
  { name: "seldon", value: metadata.name },
  { name: "namespace", value: metadata.namespace },
];

const grpcRule = (split: Split): object => {
  const headers = headerMatches(split.deployment);
  return {
    matches: grpcServices.map((service) => ({ ...prefixMatch(`/${service}`), headers })),
    ...filters(mirrors(split, "grpc")),
    backendRefs: backends(split, "grpc"),
    ...timeout(split.deployment, grpcTimeout),
  };
};

const ownGrpcRule = (split: Split): object => {
  const headers = headerMatches(split.deployment);
  return {
    matches: grpcServices.map((service) => ({ method: { service }, headers })),
    ...filters(mirrors(split, "grpc")),
    backendRefs: backends(split, "grpc"),
  };
};

const filters = (list: readonly object[]): object => (list.length > 0 ? { filters: list } : {});

/** A lone backend needs no weight. */
const backends = ({ live }: Split, port: "http" | "grpc"): readonly object[] =>
  live.map((each) => ({
    ...backend(each, port),
    ...(live.length > 1 ? { weight: each.weight } : {}),
  }));

const backend = ({ service, ports }: Destination, port: "http" | "grpc"): object => ({
  name: service,
  port: ports[port],
});

/** A copy for the shadow; no percentage: of everything. */
const mirrors = ({ shadow }: Split, port: "http" | "grpc"): readonly object[] => {
  if (shadow === undefined) return [];
  const percent = shadow.weight % 100 === 0 ? {} : { percent: shadow.weight };
  const requestMirror = { backendRef: backend(shadow, port), ...percent };
  return [{ type: "RequestMirror", requestMirror }];
};

/** The longest that a whole request may take; only where somebody says so. */
const timeout = (deployment: Deployment, annotation: string): object => {
  const timeoutMs = numberOf(deployment, annotation);
  return timeoutMs === undefined ? {} : { timeouts: { request: duration(timeoutMs) } };
};

const explainerRoute = (subject: Subject, entry: GatewayEntry): KubernetesObject => {
  const { deployment, predictor } = subject;
  const { name, namespace } = deployment.metadata;
  const rule = {
    matches: [prefixMatch(`/seldon/${namespace}/${explainerPath(name, subject)}`)],
    filters: [rewrite],
    backendRefs: [{ name: explainerName(name, predictor.name), port: explainerPort(subject) }],
  };
  const routeName = explainerVirtualServiceName(name, predictor.name);
  return route({ kind: "HTTPRoute", name: routeName, entry, rules: [rule] }, deployment);
};

/** What the certificates of engines need besides a route. */
const certificates = ({ deployment, live }: Split): readonly Issue[] =>
  live
    .filter(({ subject }) => certificateOf(subject) !== undefined)
    .map(({ subject, service }) => ({
      path: `spec.predictors[${deployment.spec.predictors.indexOf(subject.predictor)}].ssl`,
      message: `the gateway has to speak TLS to it; give the Service ${service} a BackendTLSPolicy`,
    }));

const timeouts = (deployment: Deployment): readonly Issue[] =>
  numberOf(deployment, grpcTimeout) === undefined
    ? []
    : [
        {
          path: annotationPath(deployment, grpcTimeout),
          message: "a GRPCRoute has no timeouts; the engine alone keeps this one",
        },
      ];
