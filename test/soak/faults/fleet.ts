/** The containers of the soaked graph, and what is done to them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { UnitSource } from "../../../api/plan.ts";
import { makePorts } from "../../../local/ports.ts";
import { cpuMicros } from "../../bench/cpu.ts";
import type { Later } from "../../contract/cleanup.ts";
import { at } from "../../contract/engine.ts";
import type { Mode } from "./faulty-container.ts";
import type { Target } from "./judge.ts";
import type { FaultKind } from "./schedule.ts";

type Ports = { readonly httpPort: number; readonly grpcPort: number };
type Container = Ports & { readonly child: ChildProcess };

export type Fleet = {
  /** A router that sends each request to the container that its id names. */
  readonly graph: UnitSource;
  /** Lets the faulty container do that; what is returned brings it back, as it was. */
  harm(kind: FaultKind): Promise<() => Promise<void>>;
  /** CPU time of the containers so far, in microseconds, that of those included that were killed. */
  cpuMicros(): Readonly<Record<Target, number>>;
};

const scripts: Readonly<Record<Target, string>> = {
  steady: fileURLToPath(new URL("steady-container.ts", import.meta.url)),
  faulty: fileURLToPath(new URL("faulty-container.ts", import.meta.url)),
};

/** Ports that no outgoing connection is given: one of the engine's would else sit on it meanwhile. */
const ports = makePorts(Math.random);
const freePorts = async (): Promise<Ports> => ({
  httpPort: await ports.take(),
  grpcPort: await ports.take(),
});

const startContainer = async (target: Target, at: Ports): Promise<Container> => {
  const child = fork(scripts[target], [String(at.httpPort), String(at.grpcPort)]);
  const ended = once(child, "exit").then(([code, signal]): never => {
    throw new Error(`a container of the soak ended: ${signal ?? code}`);
  });
  await Promise.race([once(child, "message"), ended]);
  ended.catch(() => {}); // from now on it may be killed
  return { ...at, child };
};

export const startFleet = async (later: Later): Promise<Fleet> => {
  const steady = await startContainer("steady", await freePorts());
  later(() => steady.child.kill("SIGKILL"));
  let faulty = await startContainer("faulty", await freePorts());
  later(() => faulty.child.kill("SIGKILL"));
  const model = (name: string, ports: Ports): UnitSource => ({
    name,
    type: "MODEL",
    endpoint: at(ports),
  });
  let buried = 0;
  const used = ({ child }: Container): number => cpuMicros(child.pid ?? 0);
  const tell = (mode: Mode): void => {
    faulty.child.send(mode);
  };
  return {
    graph: {
      name: "router",
      type: "ROUTER",
      endpoint: at(steady),
      children: [model("steady", steady), model("faulty", faulty)],
    },
    harm: async (kind) => {
      switch (kind) {
        case "kill": {
          const { child, ...place } = faulty;
          buried += used(faulty);
          child.kill("SIGKILL");
          await once(child, "exit");
          return async () => {
            faulty = await startContainer("faulty", place);
          };
        }
        case "hang":
          faulty.child.kill("SIGSTOP");
          return async () => {
            faulty.child.kill("SIGCONT");
          };
        case "slow":
        case "drop":
        case "garbage":
        case "half-close":
          tell(kind);
          return async () => tell("good");
      }
    },
    cpuMicros: () => ({
      steady: used(steady),
      faulty: buried + used(faulty),
    }),
  };
};
