/**
 * The cluster that this process is meant to serve: found and authenticated as kubectl does it, by
 * a kubeconfig or the service account of a pod, with tokens and certificates read anew as they
 * rotate. Of the client library only that is used: its models drop what they do not know.
 *
 * Source: design 5.2.9; Kubernetes, "Organizing Cluster Access Using kubeconfig Files".
 */
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { type ApiServer, type ApiServerOptions, makeApiServer } from "./api-server.ts";
import { systemClock } from "./clock.ts";
import { ClusterError } from "./cluster.ts";
import { defaultRate, type Rate } from "./rate.ts";
import { type Asked, makeWire, type Wire } from "./wire.ts";

export type WireSource = {
  /** A kubeconfig file; without it, what kubectl would take, and in a pod its service account. */
  readonly kubeconfig?: string;
  readonly rate?: Rate;
  readonly asked?: Asked;
};

export type KubeOptions = ApiServerOptions & WireSource;

/** What the library falls back to when it has found nothing. */
const nowhere = "http://localhost:8080";

const loaded = (kubeconfig: string | undefined): KubeConfig => {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  return config;
};

const unreachable = (reason: string, cause?: unknown): ClusterError =>
  new ClusterError("INVALID", "find a cluster", reason, cause);

const configOf = (kubeconfig: string | undefined): KubeConfig => {
  try {
    return loaded(kubeconfig);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unreachable(`the kubeconfig cannot be read: ${reason}`, error);
  }
};

/** @throws {ClusterError} INVALID when there is no cluster to be found. */
export const makeKubeWire = ({ kubeconfig, rate, asked }: WireSource): Wire => {
  const config = configOf(kubeconfig);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined)
    throw unreachable(`the kubeconfig's current context "${config.getCurrentContext()}" has none`);
  if (server === nowhere && kubeconfig === undefined)
    throw unreachable("set KUBECONFIG, or run in a pod with a service account's token");
  const viaProxy = config.getCurrentCluster()?.proxyUrl !== undefined;
  return makeWire({
    server: new URL(server),
    authorize: async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const { agent, ...own } = options;
      return viaProxy && agent !== undefined ? { ...own, agent } : own;
    },
    rate: rate ?? defaultRate,
    clock: systemClock,
    asked: asked ?? (() => {}),
  });
};

export const makeKube = (options: KubeOptions): ApiServer =>
  makeApiServer(makeKubeWire(options), options);
