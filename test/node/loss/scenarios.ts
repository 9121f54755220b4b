/** What a deployment goes through under load, one after the other. */
import type { KubernetesObject } from "../../../operator/render/object.ts";
import { isRolledOut } from "../../cluster/support/kubelet.ts";
import type { Report } from "../load/messages.ts";
import { modelImage, nextVersion } from "../support/images.ts";
import { installOperator, operatorReady, operatorTarget } from "../support/operator.ts";
import { killByMemory } from "./memory.ts";
import { model, type Site } from "./site.ts";

export type Scenario = {
  readonly name: string;
  /** What there is before the load begins; else what the scenario before has left. */
  readonly before?: (site: Site) => Promise<void>;
  readonly during: (site: Site) => Promise<void>;
  /** Load goes through the ingress, by the routes, and not to the Service of `main`. */
  readonly isRouted?: boolean;
  /**
   * How many requests may fail at most: none where Kubernetes gives a pod time to leave; where it
   * is killed, those that were under way in it, or sent before the Service left it out.
   */
  readonly mayFail?: number;
  readonly check?: (report: Report) => void;
};

const answeredByBoth = (report: Report): void => {
  for (const { flow, answers } of report) {
    if (answers["1"] && answers["2"]) continue;
    throw new Error(`${flow} was not answered by both: ${JSON.stringify(answers)}`);
  }
};

const replicas = (count: number): ReturnType<typeof model> => model({ more: { replicas: count } });

const withoutEngine = (): ReturnType<typeof model> =>
  model({ more: { annotations: { "seldon.io/no-engine": "true" } } });

const apart = { "seldon.io/engine-separate-pod": "true" };

const restarts = (pods: readonly KubernetesObject[]): string =>
  JSON.stringify(pods.map(({ metadata, status }) => [metadata.uid, restartsIn(status)]).sort());

type Status = { readonly containerStatuses?: readonly { readonly restartCount: number }[] };

const restartsIn = (status: unknown): readonly number[] =>
  ((status as Status).containerStatuses ?? []).map(({ restartCount }) => restartCount); // as: of a pod

const unchanged = async (site: Site, work: () => Promise<void>): Promise<void> => {
  const before = restarts(await site.pods());
  await work();
  const after = restarts(await site.pods());
  if (after !== before) throw new Error(`pods have changed from ${before} to ${after}`);
};

const deleteOnePod = async ({ node, pods }: Site): Promise<string> => {
  const [pod] = await pods();
  if (pod === undefined) throw new Error("there is no pod to delete");
  const { name, namespace = "" } = pod.metadata;
  await node.api.remove({ apiVersion: "v1", kind: "Pod", namespace, name });
  return name;
};

const scaleOperator = async ({ node }: Site, count: number): Promise<void> => {
  await node.api.patch(operatorTarget, { spec: { replicas: count } });
  if (count > 0) await operatorReady(node.api);
  else await node.api.until(operatorTarget, isRolledOut, 120_000);
};

export const scenarios: readonly Scenario[] = [
  {
    name: "another image of the model",
    before: ({ bring }) => bring([model()]),
    during: ({ bring }) => bring([model({ image: modelImage(2) })]),
    check: answeredByBoth,
  },
  {
    name: "an image that is not there, and back",
    before: ({ bring }) => bring([model()]),
    during: async ({ bring, fail }) => {
      const more = { progressDeadlineSeconds: 10 };
      await fail([model({ image: "localhost/model:none", more })], "RolloutStuck");
      await bring([model()]);
    },
  },
  {
    name: "a canary of 0, 20, 100 %, and the old one gone",
    isRouted: true,
    before: ({ bring }) =>
      bring([
        model({ more: { traffic: 100 } }),
        model({ name: "canary", image: modelImage(2), more: { traffic: 0 } }),
      ]),
    during: async ({ bring }) => {
      const split = (canary: number) => [
        model({ more: { traffic: 100 - canary } }),
        model({ name: "canary", image: modelImage(2), more: { traffic: canary } }),
      ];
      await bring(split(20));
      await bring(split(100));
      await bring([model({ name: "canary", image: modelImage(2) })]);
    },
    check: answeredByBoth,
  },
  {
    name: "another name of the container",
    before: ({ bring }) => bring([model()]),
    during: ({ bring }) => bring([model({ container: "renamed" })]),
  },
  {
    name: "1, 3, 1 replicas",
    before: ({ bring }) => bring([replicas(1)]),
    during: async ({ bring }) => {
      await bring([replicas(3)]);
      await bring([replicas(1)]);
    },
  },
  {
    name: "a pod of two deleted",
    before: ({ bring }) => bring([replicas(2)]),
    during: async (site) => {
      const name = await deleteOnePod(site);
      const pod = { apiVersion: "v1", kind: "Pod", namespace: site.target.namespace, name };
      await site.node.api.untilGone(pod, 120_000);
      await site.bring([replicas(2)]);
    },
  },
  {
    name: "an engine of two killed for its memory",
    before: ({ bring }) => bring([replicas(2)]),
    during: async (site) => {
      await killByMemory(site);
      await site.bring([replicas(2)]);
    },
    mayFail: 100,
  },
  {
    name: "the kubelet killed and started again",
    mayFail: 100, // it calls pods unready until it has probed them again, by chance before it tells so
    before: ({ bring }) => bring([replicas(2)]),
    during: (site) => unchanged(site, () => site.node.restartKubelet()),
  },
  {
    name: "a newer operator",
    before: ({ bring }) => bring([replicas(1)]),
    during: (site) => unchanged(site, () => installOperator(site.node, nextVersion)),
  },
  {
    name: "no operator, and a pod of two deleted meanwhile",
    before: ({ bring }) => bring([replicas(2)]),
    during: async (site) => {
      await scaleOperator(site, 0);
      const name = await deleteOnePod(site);
      const pod = { apiVersion: "v1", kind: "Pod", namespace: site.target.namespace, name };
      await site.node.api.untilGone(pod, 120_000);
      await scaleOperator(site, 2);
      await site.bring([replicas(2)]);
    },
  },
  {
    name: "the engine to a pod of its own, and back",
    before: ({ bring }) => bring([model()]),
    during: async ({ bring }) => {
      await bring([model()], apart);
      await bring([model()]);
    },
  },
  {
    name: "the engine left out, and back",
    isRouted: true,
    before: ({ bring }) => bring([model()]),
    during: async ({ bring }) => {
      await bring([withoutEngine()]);
      await bring([model()]);
    },
  },
  {
    name: "the engine left out, and back, by the Service",
    before: ({ bring }) => bring([model()]),
    during: async ({ bring }) => {
      await bring([withoutEngine()]);
      await bring([model()]);
    },
  },
  {
    name: "the engine of a pod of its own left out, and back",
    isRouted: true,
    before: ({ bring }) => bring([model()], apart),
    during: async ({ bring }) => {
      await bring([withoutEngine()], apart);
      await bring([model()], apart);
    },
  },
];
