/** What the cluster tells of itself, in the log and in metrics. */
import type { Logger } from "../host/log.ts";
import type { ClusterNews } from "./cluster/api-server.ts";
import type { Metrics } from "./metrics.ts";
import { nameOf, refOf } from "./render/object.ts";

export const makeNews = (log: Logger, metrics: Metrics): ClusterNews => {
  const served = new Map<string, boolean>();
  return {
    watchFailed: (kind, error) => {
      metrics.watchFailed(kind);
      log.warn({ kind, code: error.code, reason: error.message }, "watch failed");
    },
    listed: (kind) => {
      metrics.listed(kind);
      log.debug({ kind }, "listed");
    },
    served: (kind, isServed) => {
      const before = served.get(kind);
      served.set(kind, isServed);
      if (before !== undefined && before !== isServed) log.info({ kind, isServed }, "kind served");
    },
    eventLost: ({ about, reason }, error) => {
      const deployment = nameOf(refOf(about));
      log.warn({ deployment, event: reason, reason: String(error) }, "event lost");
    },
    leaseFailed: (error) => {
      log.warn({ reason: String(error) }, "lease could not be asked for");
    },
  };
};
