/** What the Mappings of both versions of Ambassador say. Source: operator contract, 6.2, 6.3. */
import { type HeaderMatches, readHeaders, readRegexHeader } from "../../../api/headers.ts";
import type { Deployment } from "../../../api/types.ts";
import type { Subject } from "../subject.ts";
import { numberOf, textOf } from "./annotation.ts";
import { percentages } from "./percent.ts";
import { explainerPath, type Split } from "./split.ts";

/** A Service that Mappings lead to: a predictor's, or its explainer's. */
export type AmbassadorTarget = {
  readonly service: string;
  /** An explainer does not speak gRPC. */
  readonly ports: { readonly http: number; readonly grpc?: number };
  readonly isExplainer: boolean;
};

/** One Mapping, without what the versions write differently. */
export type Mapping = {
  readonly transport: "rest" | "grpc";
  /** `short`: for an Ambassador that serves one namespace, whose name clients leave out. */
  readonly scope: "namespaced" | "short";
  readonly spec: { readonly [field: string]: unknown };
};

/** What a Mapping says of its target beside the address. */
export type MappingShare = {
  /** Percent of the requests; undefined: what others leave. */
  readonly weight: number | undefined;
  /** The TLSContext by which Ambassador speaks to the Service. */
  readonly tlsContext: string | undefined;
};

export const mappings = (
  subject: Subject,
  target: AmbassadorTarget,
  share: MappingShare,
): readonly Mapping[] => {
  const scopes = subject.settings.ambassadorSingleNamespace
    ? (["namespaced", "short"] as const)
    : (["namespaced"] as const);
  const policy = policies(subject, target, share);
  return scopes.flatMap((scope) => {
    const rest = { ...restMatch(subject, target, scope), ...policy };
    const grpc = grpcMatch(subject, target, scope);
    return [
      { transport: "rest" as const, scope, spec: rest },
      ...(grpc === undefined
        ? []
        : [{ transport: "grpc" as const, scope, spec: { ...grpc, ...policy } }]),
    ];
  });
};

/** The name by which clients know the deployment. */
const publicName = (deployment: Deployment): string =>
  textOf(deployment, "seldon.io/ambassador-service-name") ?? deployment.metadata.name;

const restMatch = (
  subject: Subject,
  { service, ports, isExplainer }: AmbassadorTarget,
  scope: Mapping["scope"],
): Mapping["spec"] => {
  const { deployment } = subject;
  const { namespace } = deployment.metadata;
  const name = publicName(deployment);
  const space = scope === "short" ? "" : `${namespace}/`;
  return {
    prefix: `/seldon/${space}${isExplainer ? explainerPath(name, subject) : `${name}/`}`,
    rewrite: "/",
    ...headers({}, deployment),
    service: `${service}.${namespace}:${ports.http}`,
    ...timeouts(deployment, "seldon.io/rest-timeout"),
  };
};

/** Every service that engines and models have, in any protocol. */
const grpcPaths = "/(seldon.protos.*|tensorflow.serving.*|inference.*)/.*";

const grpcMatch = (
  { deployment }: Subject,
  { service, ports }: AmbassadorTarget,
  scope: Mapping["scope"],
): Mapping["spec"] | undefined => {
  if (ports.grpc === undefined) return undefined;
  const { namespace } = deployment.metadata;
  const own = { seldon: publicName(deployment), ...(scope === "short" ? {} : { namespace }) };
  return {
    grpc: true,
    prefix: grpcPaths,
    prefix_regex: true,
    rewrite: "",
    ...headers(own, deployment),
    service: `${service}.${namespace}:${ports.grpc}`,
    ...timeouts(deployment, "seldon.io/grpc-timeout"),
  };
};

/** What a request must carry; those of the annotations come last, as in v1. */
const headers = (own: HeaderMatches, deployment: Deployment): Mapping["spec"] => {
  const plain = readHeaders(textOf(deployment, "seldon.io/ambassador-header") ?? "");
  const regex = readRegexHeader(textOf(deployment, "seldon.io/ambassador-regex-header") ?? "");
  const exact = { ...own, ...plain };
  return {
    ...(Object.keys(exact).length > 0 ? { headers: exact } : {}),
    ...(regex === undefined ? {} : { regex_headers: regex }),
  };
};

/** A request that may take longer than Ambassador lets a connection be silent needs a word on that. */
const timeouts = (deployment: Deployment, annotation: string): Mapping["spec"] => {
  const timeoutMs = numberOf(deployment, annotation) ?? 3000;
  return {
    timeout_ms: timeoutMs,
    ...(timeoutMs > 300_000 ? { idle_timeout_ms: timeoutMs } : {}),
  };
};

/** How requests are shared and guarded; an explainer has its path for itself. */
const policies = (
  { deployment, predictor }: Subject,
  { isExplainer }: AmbassadorTarget,
  { weight, tlsContext }: MappingShare,
): Mapping["spec"] => {
  const retries = numberOf(deployment, "seldon.io/ambassador-retries") ?? 0;
  const breaker = circuitBreaker(deployment);
  return {
    ...(weight === undefined || isExplainer ? {} : { weight }),
    ...(predictor.shadow && !isExplainer ? { shadow: true } : {}),
    ...(retries === 0 ? {} : { retry_policy: { retry_on: "gateway-error", num_retries: retries } }),
    ...ambassadorIds(deployment),
    ...(Object.keys(breaker).length > 0 ? { circuit_breakers: [breaker] } : {}),
    ...(tlsContext === undefined ? {} : { tls: tlsContext }),
  };
};

/** Which of several Ambassadors is meant: by Mappings, and so by the TLSContexts that they name. */
export const ambassadorIds = (deployment: Deployment): Mapping["spec"] => {
  const id = textOf(deployment, "seldon.io/ambassador-id");
  return id === undefined ? {} : { ambassador_id: [id] };
};

const limits = {
  "seldon.io/ambassador-circuit-breakers-max-connections": "max_connections",
  "seldon.io/ambassador-circuit-breakers-max-pending-requests": "max_pending_requests",
  "seldon.io/ambassador-circuit-breakers-max-requests": "max_requests",
  "seldon.io/ambassador-circuit-breakers-max-retries": "max_retries",
};

const circuitBreaker = (deployment: Deployment): { readonly [limit: string]: number } =>
  Object.fromEntries(
    Object.entries(limits).flatMap(([annotation, limit]) => {
      const most = numberOf(deployment, annotation);
      return most === undefined ? [] : [[limit, most]];
    }),
  );

/**
 * How much a predictor gets: the first live one what the others leave, and so nothing is lost when
 * some are not routable. A shadow without a weight gets a copy of everything.
 */
export const weightIn = ({ live, shadow }: Split, { predictor }: Subject): number | undefined => {
  if (shadow?.subject.predictor === predictor) return shadow.weight > 0 ? shadow.weight : undefined;
  const i = live.findIndex((each) => each.subject.predictor === predictor);
  return i < 1 ? undefined : percentages(live.map(({ weight }) => weight))[i];
};

/**
 * A TLSContext. The name of a Secret may have dots, which Ambassador would else read as
 * `name.namespace`.
 */
export const tlsContext = (secret: string, deployment: Deployment): Mapping["spec"] => ({
  hosts: [],
  secret,
  ...(secret.includes(".") ? { secret_namespacing: false } : {}),
  ...ambassadorIds(deployment),
});
