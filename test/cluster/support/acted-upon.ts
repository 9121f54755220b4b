import { setTimeout } from "node:timers/promises";
import type { Api } from "./api.ts";

const limitMs = 120_000;
const pollMs = 50;
const labels = { probe: "yes" };

/** In the way of ConfigMaps with a label alone; nothing listens where it leads. */
const probe = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "probe" },
  webhooks: [
    {
      ...{ name: "probe.espalier.test", clientConfig: { url: "https://127.0.0.1:1/" } },
      rules: [
        { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
      ],
      objectSelector: { matchLabels: labels },
      ...{ sideEffects: "None", admissionReviewVersions: ["v1"] },
    },
  ],
};

/**
 * Resolves when the API server acts by all configurations of webhooks that were written before: it
 * hears of them in order, and here of one more. Once in a cluster; the namespace may be any.
 */
export const untilActedUpon = async (api: Api, namespace: string): Promise<void> => {
  await api.create(probe);
  const metadata = { name: "probe", namespace, labels };
  const isTaken = (): Promise<boolean> =>
    api.create({ apiVersion: "v1", kind: "ConfigMap", metadata }, { dryRun: true }).then(
      () => true,
      () => false,
    );
  const late = Date.now() + limitMs;
  while (await isTaken()) {
    if (Date.now() > late) throw new Error("the API server does not act by a configuration");
    await setTimeout(pollMs);
  }
};
