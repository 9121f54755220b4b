/** What operators have written, as the API server's audit log has it. */
import { type Audit, type AuditEvent, type AuditFilter, writeVerbs } from "./audit.ts";

/** Every accepted write of operators but those about the Lease. */
export const writesOf = (
  audit: Audit,
  mark: number,
  filter: AuditFilter = {},
): readonly AuditEvent[] =>
  audit
    .since(mark, { userAgent: "espalier-operator", verbs: writeVerbs, ...filter })
    .filter(({ objectRef }) => objectRef?.resource !== "leases");

/** `patch deployments/one`: for people, and to be looked for. */
export const wordsOf = ({ verb, objectRef }: AuditEvent): string =>
  [verb, objectRef?.resource, objectRef?.name, objectRef?.subresource]
    .filter((word) => word !== undefined)
    .join(" ");
