/**
 * Where a deployment meets the Gateway API: the gateways that lead to it, and under which hosts.
 *
 * Source: design 5.2.10; Gateway API, HTTPRoute and GRPCRoute (`parentRefs`, `hostnames`).
 */

import { annotationOf } from "./deployment.ts";
import { at } from "./path.ts";
import { failure, type Issue, type Result, success } from "./result.ts";
import type { Settings } from "./settings.ts";
import type { SeldonDeployment } from "./types.ts";

/** A Gateway, or one of its listeners. */
export type GatewayListener = {
  readonly namespace: string;
  readonly name: string;
  readonly listener?: string;
};

export type GatewayEntry = {
  /** None: nobody named one. */
  readonly gateways: readonly GatewayListener[];
  /** None: every host of the gateways. */
  readonly hosts: readonly string[];
};

export type GatewayEntries = {
  readonly http: GatewayEntry;
  /** Where gRPC has an entry of its own; undefined: it comes in beside HTTP. */
  readonly grpc: GatewayEntry | undefined;
};

/** Annotations, of `spec` or else of `metadata`; their lists are separated by commas. */
const gatewayName = "espalier.io/gateway";
const hostName = "espalier.io/host";
const grpcGatewayName = "espalier.io/grpc-gateway";
const grpcHostName = "espalier.io/grpc-host";

const maxHosts = 16;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** Source: Gateway API, `Hostname`. */
const host = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const name = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

type Annotated = Pick<SeldonDeployment, "metadata" | "spec">;

/** What the annotations say; a gateway that they leave out is that of the settings. */
export const gatewayEntries = (
  deployment: Annotated,
  settings: Settings,
): Result<GatewayEntries> => {
  const issues: Issue[] = [];
  const { namespace = "" } = deployment.metadata;
  const gateways = (key: string): readonly GatewayListener[] | undefined => {
    const text = annotationOf(deployment, key);
    if (!text) return undefined;
    const read = readGateways(text, namespace);
    if (read === undefined)
      issues.push({ path: annotationPath(deployment, key), message: noGateway(text) });
    return read;
  };
  const hosts = (key: string): readonly string[] | undefined => {
    const text = annotationOf(deployment, key);
    if (!text) return undefined;
    const read = readHosts(text);
    if (read === undefined)
      issues.push({ path: annotationPath(deployment, key), message: noHost(text) });
    return read;
  };
  const http = {
    gateways: gateways(gatewayName) ?? readGateways(settings.gateway, namespace) ?? [],
    hosts: hosts(hostName) ?? [],
  };
  const own = { gateways: gateways(grpcGatewayName), hosts: hosts(grpcHostName) };
  if (issues.length > 0) return failure(issues);
  if (own.gateways === undefined && own.hosts === undefined) {
    return success({ http, grpc: undefined });
  }
  const grpc = { gateways: own.gateways ?? http.gateways, hosts: own.hosts ?? [] };
  if (!meet(http, grpc, own.gateways === undefined)) return success({ http, grpc });
  const key = own.hosts === undefined ? grpcGatewayName : grpcHostName;
  return failure([{ path: annotationPath(deployment, key), message: sharesHost }]);
};

const sharesHost =
  "gives gRPC an entry that REST has too, and a gateway would take one of them alone; " +
  `name hosts that differ in ${hostName} and ${grpcHostName}, or another listener in ${grpcGatewayName}`;

const noGateway = (text: string): string =>
  `"${text}" is no gateway; write "name", "namespace/name" or "namespace/name/listener", each listener once`;

const noHost = (text: string): string =>
  `"${text}" is no host; write up to ${maxHosts} names such as "models.example.com" or "*.example.com"`;

/** The path of a deployment's annotation that is there. */
export const annotationPath = ({ spec }: Annotated, key: string): string =>
  at(spec.annotations?.[key] === undefined ? "metadata.annotations" : "spec.annotations", key);

const listOf = (text: string): readonly string[] => text.split(",").map((each) => each.trim());

/** `name`, `namespace/name` or `namespace/name/listener`; no listener: all of them. */
const readGateways = (text: string, namespace: string): readonly GatewayListener[] | undefined => {
  const read = listOf(text).map((each) => readGateway(each, namespace));
  const found = read.filter((each) => each !== undefined);
  const isTwice = found.some((each, i) => found.slice(i + 1).some((other) => same(each, other)));
  return found.length === read.length && !isTwice ? found : undefined;
};

const readGateway = (text: string, namespace: string): GatewayListener | undefined => {
  const parts = text.split("/");
  const [own = "", gateway = "", listener] = parts.length === 1 ? [namespace, ...parts] : parts;
  const isGood =
    parts.length <= 3 &&
    (parts.length === 1 || label.test(own)) &&
    [gateway, listener ?? gateway].every((each) => name.test(each) && each.length <= 253);
  if (!isGood) return undefined;
  return { namespace: own, name: gateway, ...(listener === undefined ? {} : { listener }) };
};

const readHosts = (text: string): readonly string[] | undefined => {
  const hosts = listOf(text);
  return hosts.length <= maxHosts && hosts.every((each) => host.test(each) && each.length <= 253)
    ? [...new Set(hosts)]
    : undefined;
};

const same = (a: GatewayListener, b: GatewayListener): boolean =>
  a.namespace === b.namespace &&
  a.name === b.name &&
  (a.listener === undefined || b.listener === undefined || a.listener === b.listener);

/** Whether two entries have a host of a listener in common. */
const meet = (a: GatewayEntry, b: GatewayEntry, areSameGateways: boolean): boolean =>
  (areSameGateways || a.gateways.some((each) => b.gateways.some((other) => same(each, other)))) &&
  (a.hosts.length === 0 ||
    b.hosts.length === 0 ||
    a.hosts.some((each) => b.hosts.some((other) => covers(each, other) || covers(other, each))));

const covers = (pattern: string, other: string): boolean =>
  pattern === other || (pattern.startsWith("*.") && other.endsWith(pattern.slice(1)));
