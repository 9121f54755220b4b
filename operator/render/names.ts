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
    return isName(object) ? [] : [digitFirst(deployment)];
  });
};

/** The first character is what `parse` lets pass, for a machine without Services. Source: RFC 1035. */
const isName = ({ kind, metadata: { name } }: Made["object"]): boolean =>
  kind !== "Service" || /^[a-z]/.test(name);

const digitFirst = ({ metadata: { name } }: Deployment): Issue => ({
  path: "metadata.name",
  message: `"${name}" begins with a digit, and Services named after it must not; rename the deployment`,
});
