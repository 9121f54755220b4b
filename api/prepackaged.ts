/** The servers that come with the cluster: which image stands for which implementation. */

import { ownServer, type ServerImage, type Settings } from "./settings.ts";
import type { Protocol } from "./types.ts";

/** The two names of one protocol; an entry under one serves the other. */
const twin: { readonly [P in Protocol]?: Protocol } = { v2: "kfserving", kfserving: "v2" };

/**
 * The image of a prepackaged server, or undefined when it has none for the protocol.
 *
 * Source: operator contract, 7.2. Our own server is in the engine's image.
 */
export const serverImage = (
  settings: Pick<Settings, "predictorServers" | "engineImage">,
  implementation: string,
  protocol: Protocol,
): string | undefined => {
  const servers = settings.predictorServers;
  if (!Object.hasOwn(servers, implementation)) return undefined;
  const { protocols } = servers[implementation] ?? { protocols: {} };
  const other = twin[protocol];
  const entry = protocols[protocol] ?? (other === undefined ? undefined : protocols[other]);
  if (implementation === ownServer && entry?.image === "") return settings.engineImage;
  return entry === undefined ? undefined : reference(entry);
};

const reference = ({ image, defaultImageVersion }: ServerImage): string =>
  defaultImageVersion ? `${image}:${defaultImageVersion}` : image;
