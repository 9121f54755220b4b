import type { PlanUnit } from "../api/plan.ts";
import { type HttpClient, makeHttpClient } from "./client/http.ts";
import { makeRestNode, type RestCarried } from "./client/rest-node.ts";
import type { Deadlines } from "./deadlines.ts";
import type { NodeClient } from "./graph.ts";
import type { Limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { RestProtocol } from "./protocol/protocol.ts";

export type ClientFor = (host: string, port: number) => HttpClient;

/** One client a host and port, however many nodes are called there. */
export const makeClients = (
  limits: Limits,
  deadlines: Deadlines,
): { readonly clientFor: ClientFor; close(): void } => {
  const clients = new Map<string, HttpClient>();
  return {
    clientFor: (host, port) => {
      const key = `${host}:${port}`;
      let client = clients.get(key);
      if (client === undefined) {
        client = makeHttpClient({ host, port, limits, deadlines });
        clients.set(key, client);
      }
      return client;
    },
    close: () => {
      for (const client of clients.values()) client.close();
    },
  };
};

export type RemoteOptions = {
  readonly protocol: RestProtocol;
  readonly timeoutMs: number;
  readonly limits: Limits;
  readonly clientFor: ClientFor;
  readonly metrics: Metrics;
};

/** The REST client of a unit; undefined if its endpoint has no HTTP port. */
export const makeRestRemote =
  ({ metrics, ...options }: RemoteOptions) =>
  ({ name, endpoint }: PlanUnit): NodeClient<RestCarried> | undefined => {
    const { service_host: host, httpPort: port } = endpoint ?? {};
    if (host === undefined || host === "" || port === undefined) return undefined;
    return makeRestNode({
      ...options,
      name,
      client: options.clientFor(host, port),
      observe: ({ path, model, method, status, seconds }) =>
        metrics.client({ service: path, method, code: String(status), model })(seconds),
    });
  };
