/** Lets the kernel kill an engine for want of memory. */
import { Agent, request } from "node:http";
import { textAt } from "../../../operator/live.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import type { Site } from "./site.ts";

const limitMs = 60_000;

type State = {
  readonly name: string;
  readonly lastState?: { readonly terminated?: { readonly reason?: string } };
};

const isKilled = ({ status }: KubernetesObject): boolean => {
  const { containerStatuses = [] } = status as { containerStatuses?: readonly State[] }; // as: of a pod
  return containerStatuses.some(
    ({ name, lastState }) =>
      name === "seldon-container-engine" && lastState?.terminated?.reason === "OOMKilled",
  );
};

/** Sends a pod's engine requests that are each smaller than its bound, and together too much. */
export const killByMemory = async ({ node, pods, target }: Site): Promise<void> => {
  const [pod] = await pods();
  if (pod === undefined) throw new Error("there is no pod");
  const agent = new Agent({ keepAlive: false });
  try {
    for (let count = 0; count < 4; count += 1) send(textAt(pod, "status", "podIP"), agent);
    const { namespace } = target;
    const killed = { apiVersion: "v1", kind: "Pod", namespace, name: pod.metadata.name };
    await node.api.until(killed, isKilled, limitMs);
  } finally {
    agent.destroy();
  }
};

const bodyBytes = 200 << 20;
const chunk = Buffer.alloc(1 << 20, "0");

/** All but the end of a body: the engine waits for it with what it has. */
const send = (host: string, agent: Agent): void => {
  const sent = request({
    ...{ agent, host, port: 8000, path: "/api/v1.0/predictions", method: "POST" },
    headers: { "content-type": "application/json", "content-length": bodyBytes },
  });
  sent.on("error", () => {}); // it is killed while it reads
  let left = bodyBytes / chunk.length - 1;
  const write = (): void => {
    while (left > 0 && !sent.destroyed) {
      left -= 1;
      if (!sent.write(chunk)) {
        sent.once("drain", write);
        return;
      }
    }
  };
  write();
};
