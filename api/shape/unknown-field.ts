import { nearest } from "../spelling.ts";
import type { ObjectNode } from "./node.ts";

/** What to tell about a field that is not known at its place: a slip, or a wrong level. */
export const unknownField = (
  key: string,
  node: ObjectNode,
  outer: ObjectNode | undefined,
): string => {
  const near = nearest(key, node.fields.keys());
  if (near !== undefined) return `unknown field; did you mean "${near}"?`;
  const inner = [...node.fields].find(
    ([, field]) => field.node.is === "object" && field.node.fields.has(key),
  );
  if (inner !== undefined) return `unknown field here; it belongs inside "${inner[0]}"`;
  if (outer?.fields.has(key)) return "unknown field here; it belongs one level further out";
  return node.open
    ? "unknown field; it is handed to Kubernetes as it is, which may refuse it"
    : "unknown field; it has no effect: remove it";
};
