/** What the API server was asked, from its audit log. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Every request, without its body. Source: Kubernetes documentation, "Auditing". */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};

export type AuditEvent = {
  readonly stage: "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly objectRef?: {
    readonly resource: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly stageTimestamp: string;
};

export type AuditFilter = {
  readonly user?: string;
  /** The beginning of it. */
  readonly userAgent?: string;
  readonly namespace?: string;
  readonly resource?: string;
  readonly verbs?: readonly string[];
};

export type Audit = {
  /** The end of the log as it is now. */
  readonly mark: () => number;
  /** Every request answered since a mark, once each; a watch counts when it begins. */
  readonly since: (mark: number, filter?: AuditFilter) => readonly AuditEvent[];
  /** How often each was asked: `{"patch deployments": 2, "patch deployments/status": 1}`. */
  readonly counts: (mark: number, filter?: AuditFilter) => Readonly<Record<string, number>>;
};

/** Verbs that change something. */
export const writeVerbs = ["create", "update", "patch", "delete", "deletecollection"] as const;

export const openAudit = (path: string): Audit => {
  const since = (mark: number, filter: AuditFilter = {}): readonly AuditEvent[] =>
    wholeLines(readFrom(path, Math.max(0, mark - 1)), mark)
      .map((line): AuditEvent => JSON.parse(line))
      .filter((event) => (event.verb === "watch") === (event.stage === "ResponseStarted"))
      .filter((event) => matches(event, filter));
  const counts = (mark: number, filter: AuditFilter = {}): Readonly<Record<string, number>> => {
    const found: Record<string, number> = {};
    for (const event of since(mark, filter)) {
      const what = nameOf(event);
      found[what] = (found[what] ?? 0) + 1;
    }
    return found;
  };
  return { mark: () => sizeOf(path), since, counts };
};

/** From a mark on; without a line that was being written at the mark, and one that is now. */
const wholeLines = (text: string, mark: number): readonly string[] =>
  text.split("\n").slice(mark === 0 ? 0 : 1, -1);

const nameOf = ({ verb, objectRef, requestURI }: AuditEvent): string => {
  if (objectRef === undefined) return `${verb} ${requestURI.split("?")[0]}`;
  const { resource, subresource } = objectRef;
  return subresource ? `${verb} ${resource}/${subresource}` : `${verb} ${resource}`;
};

const matches = (event: AuditEvent, filter: AuditFilter): boolean => {
  const { user, userAgent = "", namespace, resource, verbs } = filter;
  return (
    (user === undefined || event.user.username === user) &&
    (event.userAgent ?? "").startsWith(userAgent) &&
    (namespace === undefined || event.objectRef?.namespace === namespace) &&
    (resource === undefined || event.objectRef?.resource === resource) &&
    (verbs === undefined || verbs.includes(event.verb))
  );
};

const sizeOf = (path: string): number => {
  const file = openSync(path, "r");
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
};

const readFrom = (path: string, mark: number): string => {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - mark));
    const read = readSync(file, bytes, 0, bytes.length, mark);
    return bytes.toString("utf8", 0, read);
  } finally {
    closeSync(file);
  }
};
