/** The bench's end of its two helper processes. */
import { fileURLToPath } from "node:url";
import type { FromLoader, FromStub, Job, Outcome, ToLoader } from "./messages.ts";
import type { Process, Processes } from "./processes.ts";

export type Loader = {
  open(job: Job): Promise<void>;
  run(job: Job): Promise<Outcome>;
  close(job: Job): Promise<void>;
};

type Place = { readonly cpu: number | undefined; readonly env: NodeJS.ProcessEnv };

const startFile = (processes: Processes, file: string, { cpu, env }: Place): Process =>
  processes.start({
    name: file,
    command: [process.execPath, fileURLToPath(new URL(file, import.meta.url))],
    env,
    cpu,
    ipc: true,
  });

export const startStub = (processes: Processes, place: Place): Promise<FromStub> =>
  startFile(processes, "stub.ts", place).message() as Promise<FromStub>; // it sends its ports and nothing else

export const startLoader = (processes: Processes, place: Place): Loader => {
  const started = startFile(processes, "load.ts", place);
  const tell = async (message: ToLoader): Promise<FromLoader> => {
    const reply = started.message();
    started.send(message);
    const said = (await reply) as FromLoader; // load.ts sends nothing else
    if (said.kind === "failed") throw new Error(`the load generator: ${said.why}`);
    return said;
  };
  return {
    open: async (job) => {
      await tell({ kind: "open", job });
    },
    run: async (job) => {
      const said = await tell({ kind: "run", job });
      if (said.kind !== "ran") throw new Error(`the load generator said ${said.kind}`);
      return said.outcome;
    },
    close: async (job) => {
      await tell({ kind: "close", job });
    },
  };
};
