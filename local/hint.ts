/** What to type next: one command that gets an answer. Pure. */
import { protocolOf } from "../api/deployment.ts";
import type { Deployment, Protocol } from "../api/types.ts";

/** Source: operator contract, 1.3 (`address.url`). */
const paths: { readonly [P in Protocol]: (root: string) => string } = {
  seldon: () => "/api/v1.0/predictions",
  tensorflow: (root) => `/v1/models/${root}:predict`,
  v2: (root) => `/v2/models/${root}/infer`,
  kfserving: (root) => `/v2/models/${root}/infer`,
};

const v2Body = '{"inputs":[{"name":"x","datatype":"FP64","shape":[1,4],"data":[0.1,0.2,0.3,0.4]}]}';
const bodies: { readonly [P in Protocol]: string } = {
  seldon: '{"data":{"ndarray":[[0.1,0.2,0.3,0.4]]}}',
  tensorflow: '{"instances":[[0.1,0.2,0.3,0.4]]}',
  v2: v2Body,
  kfserving: v2Body,
};

/** `requestFile` is a file with a request, if there is one beside the manifest. */
export const curlFor = (
  deployment: Deployment,
  url: string,
  requestFile: string | undefined,
): string => {
  const protocol = protocolOf(deployment);
  const root = deployment.spec.predictors[0]?.graph.name ?? "";
  const body = requestFile === undefined ? bodies[protocol] : `@${requestFile}`;
  const target = url + paths[protocol](root);
  return `curl -s -H 'Content-Type: application/json' -d ${quoted(body)} ${target}`;
};

/** Where a gRPC client finds the deployment. Source: operator contract, 6.3. */
export const grpcHintFor = ({ metadata }: Deployment, url: string): string =>
  `gRPC: ${new URL(url).host}, with the metadata seldon=${metadata.name} namespace=${metadata.namespace}`;

/** As one word of a shell. */
const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** An address that a client can use, also when the server listens on all of them. */
export const urlOf = (host: string, port: number): string => {
  const reachable = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
};
