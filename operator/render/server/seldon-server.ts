import { success } from "../../../api/result.ts";
import { modelFolder } from "../env.ts";
import { withContainer } from "../storage/mount.ts";
import { type Server, toldParameters, withOwnImage } from "./server.ts";

/**
 * A server of Seldon's own protocol, and every server that a cluster adds: it is told where its
 * model is by a parameter. Source: operator contract, 7.3d.
 */
export const seldonServer: Server = (job) => {
  const container = withOwnImage(job);
  if (!container.ok) return container;
  const told = toldParameters(container.value, job.unit, [["model_uri", modelFolder]]);
  return success({ pod: withContainer(job.pod, told), reader: told.name });
};
