/** A deployment under load, and what a scenario may do with it. */
import { setTimeout } from "node:timers/promises";
import { conditionOf, listAt, numberAt, textAt } from "../../../operator/live.ts";
import type { KubernetesObject } from "../../../operator/render/object.ts";
import {
  type Fields,
  hasReason,
  isSettled,
  manifestOf,
  predictorOf,
  sdep,
  serviceAt,
} from "../../cluster/support/operator-manifests.ts";
import type { Target } from "../../cluster/support/paths.ts";
import { openGrpc } from "../load/grpc.ts";
import { flowsTo } from "../load/load.ts";
import type { Flow } from "../load/messages.ts";
import { openRest } from "../load/rest.ts";
import { modelImage } from "../support/images.ts";
import type { Ingress } from "../support/ingress.ts";
import type { Node } from "../support/node.ts";

export type Site = {
  readonly node: Node;
  readonly target: Target & { readonly namespace: string };
  /** Applies predictors, and waits until nothing is left to do about them. */
  readonly bring: (predictors: readonly Fields[], annotations?: Fields) => Promise<void>;
  /** Applies predictors, and waits until Ready is False for this reason. */
  readonly fail: (predictors: readonly Fields[], reason: string) => Promise<void>;
  /** To the Service of a predictor, or through the ingress to all of them, when it answers. */
  readonly flowsTo: (predictor: string | Ingress) => Promise<readonly Flow[]>;
  /** Those that are there and not being deleted. */
  readonly pods: () => Promise<readonly KubernetesObject[]>;
};

const settleLimitMs = 300_000;
const answerLimitMs = 60_000;
const pollMs = 250;

/** Nothing is left to do: what is not wanted any more is gone. */
const isDone = (one: KubernetesObject): boolean =>
  isSettled(one) && textAt(conditionOf(one, "Progressing"), "status") === "False";

export type ModelOptions = {
  readonly name?: string;
  readonly image?: string;
  readonly container?: string;
  readonly more?: Fields;
};

/** A predictor of one model in one pod. */
export const model = (options: ModelOptions = {}): Fields => {
  const { image = modelImage(1), container = "model", name, more } = options;
  return predictorOf(
    {
      ...(name === undefined ? {} : { name }),
      ...{ image, container },
      containerFields: {
        imagePullPolicy: "Never",
        resources: {
          requests: { cpu: "20m", memory: "64Mi" },
          limits: { cpu: "1", memory: "256Mi" },
        },
      },
    },
    more,
  );
};

export const openSite = (node: Node, namespace: string, name: string): Site => {
  const target = sdep(namespace, name);
  const { api } = node;
  return {
    node,
    target: { ...target, namespace },
    bring: async (predictors, annotations) => {
      const spec = annotations === undefined ? {} : { annotations };
      const manifest = manifestOf(target, predictors, { spec });
      await api.apply(manifest, { force: true });
      await api.until(target, isDone, settleLimitMs);
    },
    fail: async (predictors, reason) => {
      await api.apply(manifestOf(target, predictors), { force: true });
      await api.until(target, hasReason(reason), settleLimitMs);
    },
    flowsTo: async (predictor) => {
      const flows =
        typeof predictor === "string"
          ? serviceFlows(await api.get(serviceAt(namespace, `${name}-${predictor}`)))
          : ingressFlows(predictor, { name, namespace });
      for (const flow of flows) await untilAnswered(flow);
      return flows;
    },
    pods: async () => {
      const labels = { "seldon-deployment-id": name };
      const pods = await api.list({ apiVersion: "v1", kind: "Pod", namespace, labels });
      return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    },
  };
};

const serviceFlows = (service: KubernetesObject): readonly Flow[] => {
  const [http = 0, grpc = 0] = listAt(service, "spec", "ports").map((one) => numberAt(one, "port"));
  return flowsTo({
    ...{ host: textAt(service, "spec", "clusterIP"), httpPort: http, grpcPort: grpc },
    path: "/api/v1.0/predictions",
  });
};

const ingressFlows = (
  { host, port }: Ingress,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): readonly Flow[] =>
  flowsTo({
    ...{ host, httpPort: port, grpcPort: port },
    path: `/seldon/${namespace}/${name}/api/v1.0/predictions`,
    headers: { seldon: name, namespace },
  });

/** A Service leads to a pod that has become ready a moment later than the pod says so. */
const untilAnswered = async (flow: Flow): Promise<void> => {
  const late = Date.now() + answerLimitMs;
  for (;;) {
    const { ask, close } = flow.transport === "rest" ? openRest(flow) : openGrpc(flow);
    try {
      await ask(answerLimitMs);
      return;
    } catch (error) {
      if (Date.now() > late) throw error;
      await setTimeout(pollMs);
    } finally {
      close();
    }
  }
};
