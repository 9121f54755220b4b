import type { Microservice } from "./microservice.ts";
import { root } from "./peers.ts";
import type { Process, Processes } from "./processes.ts";

export type Engine = {
  readonly url: string;
  readonly grpc: string;
  readonly process: Process;
};

/** A node of a graph, as a manifest has it; nodes of these peers' names get their endpoints. */
export type Unit = {
  readonly name: string;
  readonly type?: string;
  readonly children?: readonly Unit[];
  readonly [key: string]: unknown;
};

export type Peer = Pick<Microservice, "unit" | "image" | "endpoint">;

export type EngineOptions = {
  readonly graph: Unit;
  readonly peers: readonly Peer[];
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Free ones where absent. */
  readonly ports?: { readonly http?: number; readonly grpc?: number };
};

const placed = (unit: Unit, peers: readonly Peer[]): Unit => {
  const peer = peers.find((one) => one.unit === unit.name);
  return {
    ...unit,
    ...(peer === undefined ? {} : { endpoint: peer.endpoint }),
    ...(unit.children && { children: unit.children.map((child) => placed(child, peers)) }),
  };
};

/** Starts `espalier engine` in front of peers that run, and waits until it is ready. */
export const startEngine = async (
  processes: Processes,
  { graph, peers, flags = [], env = {}, ports = {} }: EngineOptions,
): Promise<Engine> => {
  const { http = await processes.freePort(), grpc = await processes.freePort() } = ports;
  const containers = peers.map(({ unit, image }) => ({ name: unit, image }));
  const plan = {
    name: "main",
    graph: placed(graph, peers),
    componentSpecs: [{ spec: { containers } }],
  };
  const process = processes.start({
    name: `engine of ${graph.name}`,
    file: `${root}bin/espalier`,
    args: [
      ...["engine", "--sdep", "peers", "--namespace", "test", "--predictor", "main"],
      ...["--http_port", String(http), "--grpc_port", String(grpc), "--log_level", "WARNING"],
      ...flags,
    ],
    cwd: processes.folder,
    env: {
      PATH: "/usr/bin:/bin",
      ENGINE_PREDICTOR: Buffer.from(JSON.stringify(plan)).toString("base64"),
      ...env,
    },
  });
  await Promise.all([process.listens(http), process.listens(grpc)]);
  return { url: `http://127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}`, process };
};
