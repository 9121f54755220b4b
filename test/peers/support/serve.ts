import { fileURLToPath } from "node:url";
import type { Endpoint } from "../../../api/types.ts";
import { endpointAt, podEnv } from "./microservice.ts";
import { root } from "./peers.ts";
import type { Process, Processes } from "./processes.ts";

/** A container run by `espalier serve`. */
export type Served = {
  readonly url: string;
  readonly grpc: string;
  readonly metricsUrl: string;
  /** Where an engine reaches it. */
  readonly endpoint: Endpoint;
  readonly process: Process;
};

export type ServeOptions = {
  readonly unit: string;
  /** `file.ts:Class` in the folder of TypeScript classes. */
  readonly target: string;
  readonly parameters?: readonly object[];
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/** Starts `espalier serve` with the environment that the Python wrapper gets. */
export const startServe = async (processes: Processes, options: ServeOptions): Promise<Served> => {
  const ports = {
    http: await processes.freePort(),
    grpc: await processes.freePort(),
    metrics: await processes.freePort(),
  };
  const process = processes.start({
    name: `serve ${options.target}`,
    file: `${root}bin/espalier`,
    args: ["serve", options.target],
    cwd: fileURLToPath(new URL("../typescript/", import.meta.url)),
    env: { PATH: "/usr/bin:/bin", ...podEnv(options, ports) },
  });
  await Promise.all(Object.values(ports).map((port) => process.listens(port)));
  return {
    url: `http://127.0.0.1:${ports.http}`,
    grpc: `127.0.0.1:${ports.grpc}`,
    metricsUrl: `http://127.0.0.1:${ports.metrics}/prometheus`,
    endpoint: endpointAt(ports),
    process,
  };
};
