import type { Answer } from "./transport.ts";

export type Cause = {
  readonly field?: string;
  readonly reason?: string;
  readonly message?: string;
};

type StatusObject = {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly Cause[] };
};

/** What an API server says when it refuses. */
export class ApiError extends Error {
  readonly status: number;
  /** "NotFound", "Invalid", "Conflict", "AlreadyExists", "Forbidden" ... */
  readonly reason: string;
  readonly causes: readonly Cause[];

  constructor(attempted: string, { status, body }: Answer) {
    const said: StatusObject = typeof body === "object" && body !== null ? body : {};
    super(`${attempted}: ${status} ${said.message ?? JSON.stringify(body)}`);
    this.name = "ApiError";
    this.status = status;
    this.reason = said.reason ?? "";
    this.causes = said.details?.causes ?? [];
  }
}

export const isRefused = ({ status }: Answer): boolean => status < 200 || status > 299;
