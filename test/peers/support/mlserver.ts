import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Endpoint } from "../../../api/types.ts";
import { endpointAt } from "./microservice.ts";
import { machineEnv, openInference, pythonFolder } from "./peers.ts";
import type { Process, Processes } from "./processes.ts";

/** What the trained models answer to rows they have not seen. */
export type Expected = {
  readonly rows: readonly (readonly number[])[];
  readonly chain: readonly number[];
  readonly plain: readonly number[];
  readonly forest: readonly number[];
  readonly plain_proba: readonly (readonly number[])[];
  readonly forest_proba: readonly (readonly number[])[];
};

/** Trains the models and lays them out in `folder` for MLServer. */
export const train = (folder: string): Expected => {
  const bin = openInference();
  execFileSync(`${bin}/python`, ["train.py", folder], {
    cwd: pythonFolder,
    env: machineEnv(bin),
    timeout: 240_000,
  });
  return JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
};

const modelsIn = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** An MLServer; one process for all models, which an engine sees as so many nodes. */
export type MlServer = {
  readonly url: string;
  readonly grpc: string;
  readonly endpoint: Endpoint;
  readonly process: Process;
};

/** Starts MLServer with the models of `folder` and waits until they are loaded. */
export const startMlServer = async (processes: Processes, folder: string): Promise<MlServer> => {
  const bin = openInference();
  const ports = {
    http: await processes.freePort(),
    grpc: await processes.freePort(),
    metrics: await processes.freePort(),
  };
  const process = processes.start({
    name: "mlserver",
    file: `${bin}/mlserver`,
    args: ["start", folder],
    cwd: folder,
    env: {
      ...machineEnv(bin),
      PYTHONPATH: pythonFolder, // where the runtimes are
      MLSERVER_HOST: "127.0.0.1",
      MLSERVER_HTTP_PORT: String(ports.http),
      MLSERVER_GRPC_PORT: String(ports.grpc),
      MLSERVER_METRICS_PORT: String(ports.metrics),
    },
  });
  await Promise.all([
    ...Object.values(ports).map((port) => process.listens(port)),
    ...modelsIn(folder).map((name) => process.line(new RegExp(`Loaded model '${name}'`))),
  ]);
  return {
    url: `http://127.0.0.1:${ports.http}`,
    grpc: `127.0.0.1:${ports.grpc}`,
    endpoint: endpointAt(ports),
    process,
  };
};
