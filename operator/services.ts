/** The Services of a deployment: they come first in a pass, and lose their former ports last. */
import { partWithPorts, withFormerPorts } from "./former-ports.ts";
import type { Pods } from "./open-ports.ts";
import type { Pass } from "./pass.ts";
import type { Desired } from "./render/desired.ts";

/** A Service whose ports change has both sets of them, until all pods and routes have followed. */
export const bringServices = async (desired: Desired, pass: Pass): Promise<void> => {
  for (const service of desired.services) {
    await pass.bring(withFormerPorts(service, pass.live(service), podsOf(desired, pass)));
  }
};

/** Everything has followed: former ports go after a while. Answers when the first of them are due. */
export const leaveFormerPorts = async (
  desired: Desired,
  pass: Pass,
  now: Date,
): Promise<number | undefined> => {
  const waits: number[] = [];
  for (const service of desired.services) {
    const live = pass.live(service);
    if (live === undefined) continue;
    const parting = partWithPorts(service, live, { ...podsOf(desired, pass), now });
    if (parting === undefined) continue;
    await pass.bring(parting.object);
    if (parting.inMs > 0) waits.push(parting.inMs);
  }
  return waits.length > 0 ? Math.min(...waits) : undefined;
};

const podsOf = ({ deployments }: Desired, pass: Pass): Pods => ({
  wanted: deployments.map(({ object }) => object),
  live: pass.all().filter(({ kind }) => kind === "Deployment"),
});
