/** The load generator, as those see it who start it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Flow, Job, Report } from "./messages.ts";

export type Load = { readonly stop: () => Promise<Report> };

const program = fileURLToPath(new URL("main.ts", import.meta.url));

export const startLoad = (job: Job): Load => {
  const child = fork(program, { execArgv: [], env: { PATH: "/usr/bin:/bin" } });
  child.send(job);
  const reported = once(child, "message");
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the load generator ended with ${code}`);
  });
  ended.catch(() => {}); // thrown by stop
  const stop = async (): Promise<Report> => {
    child.send("stop");
    const [report]: Report[] = await Promise.race([reported, ended]);
    return report ?? [];
  };
  return { stop };
};

type Place = Pick<Flow, "host" | "headers"> & {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly path: string;
};

/** Both transports, with connections that stay and with fresh ones. */
export const flowsTo = ({ httpPort, grpcPort, ...place }: Place): readonly Flow[] => [
  { name: "REST keep-alive", transport: "rest", isFresh: false, port: httpPort, ...place },
  { name: "REST fresh", transport: "rest", isFresh: true, port: httpPort, ...place },
  { name: "gRPC keep-alive", transport: "grpc", isFresh: false, port: grpcPort, ...place },
  { name: "gRPC fresh", transport: "grpc", isFresh: true, port: grpcPort, ...place },
];
