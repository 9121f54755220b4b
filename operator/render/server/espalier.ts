import { success } from "../../../api/result.ts";
import { modelFolder } from "../env.ts";
import { withContainer } from "../storage/mount.ts";
import { type Server, withOwnImage } from "./server.ts";

/**
 * `espalier serve` of our own image. What it is told about ports, parameters and its name is in the
 * environment that every node has. A command or arguments of the user's own stay.
 */
export const espalier: Server = (job) => {
  const imaged = withOwnImage(job);
  if (!imaged.ok) return imaged;
  const { command, args } = imaged.value;
  const isTold = Boolean(command?.length || args?.length);
  const container = isTold
    ? imaged.value
    : { ...imaged.value, command: ["espalier", "serve"], args: [modelFolder] };
  return success({ pod: withContainer(job.pod, container), reader: container.name });
};
