/** The names of rendered objects: whether Kubernetes takes them, and whether two are one. */
import type { Issue } from "../../api/result.ts";
import type { Deployment } from "../../api/types.ts";
import { keyOf, type Made, refOf } from "./object.ts";

/** Of objects that each have a name of their own. */
export const nameFaults = (made: readonly Made[], deployment: Deployment): readonly Issue[] => {
  const earlier = new Map<string, string>();
  return made.flatMap(({ object, path }) => {
    const { name } = object.metadata;
    const key = keyOf(refOf(object));
    const first = earlier.get(key);
    if (first !== undefined) {
      const message = `makes a ${object.kind} named "${name}", as ${first} does; rename one of them`;
      return [{ path, message }];
    }
    earlier.set(key, path);
    return isName(object) ? [] : [badName({ object, path }, deployment)];
  });
};

/** Source: RFC 1123; names of Services begin with a letter (RFC 1035). */
const isName = ({ kind, metadata: { name } }: Made["object"]): boolean =>
  kind === "Service"
    ? /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)
    : /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);

const badName = ({ object: { kind, metadata }, path }: Made, deployment: Deployment): Issue => {
  const { name } = deployment.metadata;
  const message =
    `makes a ${kind} named "${metadata.name}", which Kubernetes refuses; ` +
    "use lower-case letters, digits and -, and begin and end with a letter or digit";
  // Whatever else a Service is named after may begin with a digit.
  return kind === "Service" && /^[0-9]/.test(name)
    ? {
        path: "metadata.name",
        message: `"${name}" begins with a digit, and Services named after it must not; rename the deployment`,
      }
    : { path, message };
};
