import { asEngineError, EngineError } from "../../errors.ts";
import type { HttpAnswer, HttpServerOptions } from "../http.ts";

/** What both readers of one listener share. */
export type Edge = {
  readonly options: HttpServerOptions;
  /** Requests whose heads have come and whose answers are not yet out. */
  inWork: number;
  /** Answers say that they are the last ones on their connections. */
  retiring: boolean;
  /** Connections are closed when they are answered. */
  draining: boolean;
};

/** A body of which so little is missing that reading it costs less than a new connection. */
export const shortBytes = 65_536;

/** The longest time a client may take to send one whole request, however large. */
export const requestTimeoutMs = 600_000;

/** Why a request that is counted in `inWork` is not served; undefined if it is. */
export const refusalOf = ({ inWork, options }: Edge, target: string): EngineError | undefined => {
  const { maxConcurrentRequests: most } = options.limits;
  if (most === 0 || inWork <= most || options.isProbe?.(target)) return undefined;
  return tooBusy("requests at once (--max_concurrent_requests)", most);
};

export const tooBusy = (what: string, limit: number): EngineError =>
  new EngineError("TOO_BUSY", `more than ${limit} ${what}; try again later`);

export const failureOf = ({ options }: Edge, thrown: unknown): HttpAnswer =>
  options.onError(asEngineError(thrown));
