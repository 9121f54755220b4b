/** Whose an object is: what pruning goes by. Source: operator contract, 8.1, 15.4; design 5.2.5. */
import { deploymentId } from "../../api/names.ts";
import { group, kind } from "../../api/schema.ts";
import type { Deployment } from "../../api/types.ts";
import type { Metadata } from "./object.ts";
import type { Words } from "./subject.ts";

/** On every rendered object, never in a selector or a pod template. Source: design 5.2.5. */
export const deploymentLabel = "espalier.io/deployment";

/** The metadata of a rendered object. A manifest from a file has no uid, and owns nothing yet. */
export const ownedMetadata = (
  name: string,
  labels: Words,
  annotations: Words,
  { metadata }: Deployment,
): Metadata => ({
  name,
  namespace: metadata.namespace,
  labels: { ...labels, [deploymentLabel]: deploymentId(metadata.name) },
  ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  ...(metadata.uid === undefined
    ? {}
    : {
        ownerReferences: [
          {
            apiVersion: `${group}/v1`,
            kind,
            name: metadata.name,
            uid: metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      }),
});
