/** What an API server's refusal means to us. Source: Kubernetes API conventions, "Response Status Kind". */
import { isPlain } from "../../api/shape/plain.ts";
import { ClusterError, type ClusterErrorCode } from "./cluster.ts";

/** What came back: JSON where the server sent it, else the text. */
export type Answer = { readonly status: number; readonly body: unknown };

type Status = {
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
};

/** A Status object, or nothing of the sort: proxies answer too. */
export const statusOf = (body: unknown): Status => (isPlain(body) ? body : {});

const hasCause = (status: Status, reason: string): boolean => {
  const details = isPlain(status.details) ? status.details : {};
  const causes = "causes" in details && Array.isArray(details.causes) ? details.causes : [];
  return causes.some((cause) => isPlain(cause) && "reason" in cause && cause.reason === reason);
};

const codeOf = (http: number, status: Status): ClusterErrorCode => {
  if (http === 409) return status.reason === "AlreadyExists" ? "EXISTS" : "CONFLICT";
  if (http === 403)
    return hasCause(status, "NamespaceTerminating") ? "NAMESPACE_TERMINATING" : "FORBIDDEN";
  if (http === 404) return "NOT_FOUND";
  return http === 400 || http === 405 || http === 413 || http === 415 || http === 422
    ? "INVALID"
    : "UNAVAILABLE"; // 401 too: a token is renewed
};

const longest = 1_000;

const reasonOf = ({ status: http, body }: Answer): string => {
  const { message } = statusOf(body);
  const text = typeof message === "string" ? message : typeof body === "string" ? body.trim() : "";
  return text === "" ? `the API server answers ${http}` : text.slice(0, longest);
};

/**
 * Quotas and admission forbid as well; only a missing right is mended by a role. The server names
 * the verb that is missing: an apply may want to create.
 */
const adviceOf = (code: ClusterErrorCode, reason: string, resource: string): string => {
  const verb = /cannot ([a-z]+) resource/.exec(reason)?.[1];
  if (code !== "FORBIDDEN" || verb === undefined) return "";
  return `; grant the verb ${verb} on ${resource} to the operator's role`;
};

/** `attempted` as in `ClusterError`; `resource` as roles name it. */
export const failureOf = (attempted: string, answer: Answer, resource: string): ClusterError => {
  const code = codeOf(answer.status, statusOf(answer.body));
  const reason = reasonOf(answer);
  return new ClusterError(code, attempted, `${reason}${adviceOf(code, reason, resource)}`);
};
