import type { Settings } from "../settings.ts";

export type ReservedPorts = { readonly http: number; readonly grpc: number };

/** Hands out port numbers to the containers of one deployment; it lives for one pass. */
export type Ports = {
  /** The numbers of a container name: the next ones at first sight, the same ones ever after. */
  readonly reserve: (container: string) => ReservedPorts;
  /** A number for metrics; always the next one. */
  readonly nextMetrics: () => number;
};

/** Source: operator contract, 2.1. */
export const makePorts = (
  settings: Pick<Settings, "firstHttpPort" | "firstGrpcPort" | "firstMetricsPort">,
): Ports => {
  const places = new Map<string, number>();
  let metrics = settings.firstMetricsPort;
  return {
    reserve: (container) => {
      const place = places.get(container) ?? places.size;
      places.set(container, place);
      return { http: settings.firstHttpPort + place, grpc: settings.firstGrpcPort + place };
    },
    nextMetrics: () => metrics++,
  };
};
