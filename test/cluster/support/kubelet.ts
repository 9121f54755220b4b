/**
 * Plays the kubelet and the scheduler, which a control plane without nodes has not: says of pods
 * that they run and are ready. All else is real: Deployments become available through their
 * controller. Pods get no node: the API server deletes them at once, and EndpointSlices leave them
 * out.
 */
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { type Api, targetOf } from "./api.ts";
import { ApiError } from "./api-error.ts";
import { isAway, type Objects } from "./follow.ts";
import type { Where } from "./paths.ts";

export type KubeletOptions = {
  /** Pods elsewhere are left alone. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Pods for which it does not hold stay unready; asked at each change of any pod. */
  readonly isReady?: (pod: KubernetesObject) => boolean;
};

export type Kubelet = {
  /** Asks `isReady` again for all pods, when its answer may have changed. */
  readonly look: () => Promise<void>;
  /** @throws what it failed with before. */
  readonly stop: () => Promise<void>;
};

type PodSpec = {
  readonly containers: readonly { readonly name: string; readonly image: string }[];
};

let addresses = 0;

/** Addresses of pods; nothing listens there. */
const nextAddress = (): string => {
  addresses += 1;
  return `10.244.${(addresses >> 8) & 255}.${addresses & 255}`;
};

/** A pod's status as the kubelet reports it. Source: Kubernetes documentation, "Pod Lifecycle". */
const statusOf = (pod: KubernetesObject, isReady: boolean): object => {
  const { containers } = pod["spec"] as PodSpec; // as: a pod has one
  const now = new Date().toISOString();
  const status = isReady ? "True" : "False";
  const known = pod["status"] as { readonly podIP?: string; readonly startTime?: string }; // as: a pod has one
  const ip = known.podIP ?? nextAddress();
  const condition = (type: string, value: string): object => ({
    ...{ type, status: value, lastTransitionTime: now, lastProbeTime: null },
  });
  return {
    phase: "Running",
    podIP: ip,
    podIPs: [{ ip }],
    hostIP: "10.0.0.1",
    startTime: known.startTime ?? now,
    conditions: [
      condition("PodScheduled", "True"),
      condition("Initialized", "True"),
      condition("ContainersReady", status),
      condition("Ready", status),
    ],
    containerStatuses: containers.map(({ name, image }) => ({
      ...{ name, image, imageID: image, containerID: `test://${name}`, restartCount: 0 },
      ...{ ready: isReady, started: true, state: { running: { startedAt: now } }, lastState: {} },
    })),
  };
};

/** Plays until it is stopped. */
export const playKubelet = (api: Api, options: KubeletOptions = {}): Kubelet => {
  const { namespace, labels, isReady = () => true } = options;
  const ended = new AbortController();
  const where: Where = {
    ...{ apiVersion: "v1", kind: "Pod" },
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
  };
  const reported = new Map<string | undefined, boolean>();
  const report = async (pod: KubernetesObject): Promise<void> => {
    const { uid, deletionTimestamp } = pod.metadata;
    const ready = isReady(pod);
    if (deletionTimestamp !== undefined || reported.get(uid) === ready) return;
    reported.set(uid, ready);
    try {
      const body = { status: statusOf(pod, ready) };
      await api.patch(targetOf(pod), body, { subresource: "status", type: "strategic" });
    } catch (error) {
      if (error instanceof ApiError && error.reason === "NotFound") return; // deleted meanwhile
      reported.delete(uid);
      throw error;
    }
  };
  let pods: Objects = [];
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: of two reports on a pod at once, the older one could come last. */
  const look = (): Promise<void> => {
    const looked = last.then(async () => {
      await Promise.all(pods.map(report));
    });
    last = looked.catch(() => {}); // thrown to who looks
    return looked;
  };
  const play = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      try {
        for await (pods of api.follow(where, ended.signal)) await look();
      } catch (error) {
        if (!ended.signal.aborted && !isAway(error)) throw error;
      }
    }
  };
  const played = play();
  played.catch(() => {}); // thrown by stop
  const stop = async (): Promise<void> => {
    ended.abort();
    await played;
  };
  return { look, stop };
};

type DeploymentState = {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly replicas?: number;
  };
};

/** Whether a Deployment's controller has finished: all pods are new and available. */
export const isRolledOut = (deployment: KubernetesObject): boolean => {
  const { spec, status } = deployment as unknown as DeploymentState; // as: of a Deployment
  const want = spec.replicas ?? 1;
  return (
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0) &&
    (status?.updatedReplicas ?? 0) === want &&
    (status?.availableReplicas ?? 0) === want &&
    (status?.replicas ?? 0) === want
  );
};

/** Makes the pods of a Deployment ready until it is rolled out. */
export const makeReady = async (
  api: Api,
  namespace: string,
  name: string,
): Promise<KubernetesObject> => {
  const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace, name };
  const { spec } = (await api.get(deployment)) as unknown as DeploymentState; // as: of a Deployment
  const kubelet = playKubelet(api, { namespace, labels: spec.selector.matchLabels ?? {} });
  try {
    return await api.until(deployment, isRolledOut);
  } finally {
    await kubelet.stop();
  }
};
