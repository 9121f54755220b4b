/** What annotations say to ingresses can be said to them. */

import { annotationOf } from "../deployment.ts";
import { annotationPath, gatewayEntries } from "../gateway.ts";
import { readHeaders, readRegexHeader } from "../headers.ts";
import { readYaml } from "../yaml.ts";
import { perAnnotation } from "./annotations.ts";
import { type Check, fault, warning } from "./check.ts";

/** What Ambassador shall match in headers is a header. Source: operator contract, 6.2, 12.8. */
export const headersAreHeaders: Check = perAnnotation((key, value, path) => {
  if (value === "") return [];
  if (key === "seldon.io/ambassador-header" && readHeaders(value) === undefined) {
    return [fault(path, `"${value}" is no header; write "name: value", or "name" for any value`)];
  }
  if (key === "seldon.io/ambassador-regex-header" && readRegexHeader(value) === undefined) {
    return [fault(path, `"${value}" is no header; write "name: expression"`)];
  }
  return [];
});

const config = "seldon.io/ambassador-config";

/** What is passed to Ambassador as it is can be read by it, and is. Source: operator contract, 6. */
export const ambassadorConfigIsRead: Check = ({ deployment, settings }) => {
  const text = annotationOf(deployment, config);
  if (!text) return [];
  const path = annotationPath(deployment, config);
  if (settings.ambassadorEnabled && settings.ambassadorVersion !== "v1") {
    const message = `is read by Ambassador v1 alone, and the cluster has ${settings.ambassadorVersion}; make Mappings of your own`;
    return [warning(path, message)];
  }
  return isYaml(text) ? [] : [warning(path, "is no YAML, and Ambassador will skip it; mend it")];
};

const isYaml = (text: string): boolean => {
  try {
    readYaml(text);
    return true;
  } catch {
    return false;
  }
};

const meshGateway = "seldon.io/istio-gateway";

/** Within a mesh Istio takes no wildcard for a host. Source: operator contract, 6.1. */
export const meshHasHost: Check = ({ deployment }) => {
  const isMesh = annotationOf(deployment, meshGateway) === "mesh";
  if (!isMesh || annotationOf(deployment, "seldon.io/istio-host")) return [];
  const message =
    '"mesh" needs a host, and Istio refuses "*" there; name a Service in seldon.io/istio-host';
  return [warning(annotationPath(deployment, meshGateway), message)];
};

/** Gateways are gateways, hosts are hosts, and gRPC has not half an entry of its own. */
export const entriesAreEntries: Check = ({ deployment, settings }) => {
  const entries = gatewayEntries(deployment, settings);
  return entries.ok ? [] : entries.issues.map(({ path, message }) => fault(path, message));
};
