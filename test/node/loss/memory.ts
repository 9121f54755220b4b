/** Lets the kernel kill an engine for want of memory. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import type { Site } from "./site.ts";

const engine = "seldon-container-engine";
const exhaust = "const all = []; for (;;) all.push(Buffer.alloc(4 << 20, 1));";
const limitMs = 60_000;

type State = {
  readonly name: string;
  readonly containerID?: string;
  readonly lastState?: { readonly terminated?: { readonly reason?: string } };
};

const stateOf = ({ status }: KubernetesObject): State | undefined => {
  const { containerStatuses = [] } = status as { containerStatuses?: readonly State[] }; // as: of a pod
  return containerStatuses.find(({ name }) => name === engine);
};

/** Makes another process of its container take all memory, and it the one to go. */
export const killByMemory = async ({ node, pods, target }: Site): Promise<void> => {
  const [pod] = await pods();
  if (pod === undefined) throw new Error("there is no pod");
  for (const process of processesIn(stateOf(pod))) {
    writeFileSync(`/proc/${process}/oom_score_adj`, "1000");
  }
  const { name } = pod.metadata;
  const { namespace } = target;
  const command = ["/usr/local/bin/node", "-e", exhaust];
  // it is killed as well, or ends with the container
  await node.kubectl(["exec", "-n", namespace, name, "-c", engine, "--", ...command]);
  const isKilled = (one: KubernetesObject): boolean =>
    stateOf(one)?.lastState?.terminated?.reason === "OOMKilled";
  await node.api.until({ apiVersion: "v1", kind: "Pod", namespace, name }, isKilled, limitMs);
};

/** Those whose cgroup is named after the container. */
const processesIn = (state: State | undefined): readonly string[] => {
  const id = state?.containerID?.replace("containerd://", "");
  const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isIn(name, id));
  if (found.length === 0) throw new Error(`no process of container ${id} was found`);
  return found;
};

const isIn = (process: string, id: string | undefined): boolean => {
  try {
    return id !== undefined && readFileSync(`/proc/${process}/cgroup`, "utf8").includes(id);
  } catch {
    return false; // it has ended meanwhile
  }
};
