/** Whose an object of the cluster is. Source: operator contract, 8.1 (ownership), 15.4. */
import { group, kind } from "../../api/schema.ts";
import type { KubernetesObject, OwnerReference } from "../render/object.ts";

/** How a SeldonDeployment is asked for: the version in which we read and write it. */
export const deploymentKind = { apiVersion: `${group}/v1`, kind } as const;

/** The SeldonDeployment that controls an object, if one does. */
export const controllerOf = ({ metadata }: KubernetesObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(
    (owner) =>
      owner.controller === true && owner.kind === kind && owner.apiVersion.startsWith(`${group}/`),
  );
