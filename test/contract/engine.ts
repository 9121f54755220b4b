/** Engines for tests: started in this process, from a graph and the flags that matter. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePlan, type UnitSource } from "../../api/plan.ts";
import { startEngine } from "../../runtime/main.ts";
import type { Later } from "./cleanup.ts";

export type EngineOptions = {
  readonly protocol?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of the pod. */
  readonly annotations?: Readonly<Record<string, string>>;
};

export type Engine = {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Resolves with the exit code; a second call with that of the first. */
  stop(): Promise<number>;
};

export const commandOf = ({ protocol = "seldon", args = [] }: EngineOptions): readonly string[] => [
  ...["--sdep", "dep", "--namespace", "ns", "--predictor", "p", "--protocol", protocol],
  ...["--listen_address", "127.0.0.1", "--http_port", "0", "--grpc_port", "0"],
  ...["--state_dir", "off", "--log_level", "FATAL", ...args],
];

/** What an engine says that does not start. */
export type Refused = { readonly faults: readonly string[]; readonly exitCode: number };

export const tryEngine = async (
  later: Later,
  graph: UnitSource,
  options: EngineOptions = {},
): Promise<Engine | Refused> => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-test-"));
  later(() => rmSync(folder, { recursive: true, force: true }));
  const annotations = join(folder, "annotations");
  const lines = Object.entries(options.annotations ?? {}).map(
    ([key, value]) => `${key}="${value}"`,
  );
  writeFileSync(annotations, lines.join("\n"));
  const started = await startEngine(commandOf(options), {
    ...options.env,
    ENGINE_PREDICTOR: encodePlan({ name: "p", graph }),
    ESPALIER_PODINFO_ANNOTATIONS: annotations,
  });
  if (!started.ok) return started;
  const { httpPort, grpcPort, stop } = started.process;
  let stopped: Promise<number> | undefined;
  const stopOnce = (): Promise<number> => {
    stopped ??= stop();
    return stopped;
  };
  later(stopOnce);
  return { httpPort, grpcPort, stop: stopOnce };
};

/** An engine that starts, and is stopped after the test. */
export const openEngine = async (
  later: Later,
  graph: UnitSource,
  options: EngineOptions = {},
): Promise<Engine> => {
  const started = await tryEngine(later, graph, options);
  if ("faults" in started) throw new Error(started.faults.join("\n"));
  return started;
};

/** The endpoint of a unit whose container listens on these ports of this machine. */
export const at = (ports: {
  readonly httpPort?: number | undefined;
  readonly grpcPort?: number | undefined;
}): NonNullable<UnitSource["endpoint"]> => ({
  service_host: "127.0.0.1",
  service_port: ports.httpPort ?? ports.grpcPort,
  httpPort: ports.httpPort,
  grpcPort: ports.grpcPort,
});
