import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { machineEnv, root } from "./peers.ts";
import type { Process, Processes } from "./processes.ts";

export type Up = {
  /** `host:port` of the ingress. */
  readonly gateway: string;
  readonly process: Process;
};

/** A SeldonDeployment, of which the name is read here. */
export type Manifest = {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly [key: string]: unknown;
};

/**
 * Runs `espalier up` with deployments, and waits until all of them are ready.
 *
 * `bin` is the folder of the commands that their containers run.
 */
export const startUp = async (
  processes: Processes,
  deployments: readonly Manifest[],
  bin: string,
): Promise<Up> => {
  const names = deployments.map(({ metadata }) => metadata.name);
  const files = deployments.map((deployment) => {
    const file = join(processes.folder, `${deployment.metadata.name}.json`);
    writeFileSync(file, JSON.stringify(deployment));
    return file;
  });
  const process = processes.start({
    name: "espalier up",
    file: `${root}bin/espalier`,
    args: ["up", "--port", "0", ...files],
    cwd: processes.folder,
    env: machineEnv(bin),
  });
  const told = await Promise.all(
    names.map((name) => process.line(new RegExp(`^${name} is ready: `))),
  );
  const [, gateway = ""] = /http:\/\/([^/]+)\//.exec(told[0] ?? "") ?? [];
  return { gateway, process };
};
