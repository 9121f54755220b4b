/** Connections to the place where nodes are called over gRPC. */
import { Client, credentials } from "@grpc/grpc-js";
import type { Limits } from "../limits.ts";

/** How the library is told a host, be it a name or an address. Source: gRPC name resolution. */
export const grpcTarget = (host: string, port: number): string =>
  host.includes(":") ? `dns:[${host}]:${port}` : `dns:${host}:${port}`;

/**
 * Each call goes to the next of all addresses that the target stands for. A call is made once, but
 * for one that a node refused unseen, as it does when it closes a connection.
 *
 * Source: deviation E14; engine contract, 10.2.
 */
export const makeGrpcClient = (
  target: string,
  { maxBodyBytes }: Pick<Limits, "maxBodyBytes">,
): Client =>
  new Client(target, credentials.createInsecure(), {
    "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    "grpc.max_receive_message_length": maxBodyBytes,
    "grpc.max_send_message_length": maxBodyBytes,
    // A container that comes back is found again within a second.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    // Nodes are near, over REST too: a proxy of the environment is for the world outside.
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
  });
