import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { machineEnv, root, seldonCore } from "./peers.ts";
import type { Process, Processes } from "./processes.ts";

export type Up = {
  /** `host:port` of the ingress. */
  readonly gateway: string;
  readonly process: Process;
};

/** Runs `espalier up` with deployments, and waits until all of them are ready. */
export const startUp = async (
  processes: Processes,
  deployments: readonly { readonly metadata: { readonly name: string } }[],
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
    env: machineEnv(seldonCore()), // so that manifests say `seldon-core-microservice`
  });
  const told = await Promise.all(
    names.map((name) => process.line(new RegExp(`^${name} is ready: `))),
  );
  const [, gateway = ""] = /http:\/\/([^/]+)\//.exec(told[0] ?? "") ?? [];
  return { gateway, process };
};
