/**
 * What a class served by `espalier serve` may have, get and return. Nothing here has to be
 * imported: any object with one of these methods is a model. Published as `espalier/component`.
 *
 * Source: engine contract, 11.3, 11.4 and 11.5.
 */

import type { InferRequest } from "./inference-types.ts";

/** What a method gets: nested arrays of a tensor or an ndarray, a string, bytes, or any JSON. */
export type Features = unknown;

export type Metric = {
  readonly key: string;
  readonly type: "COUNTER" | "GAUGE" | "TIMER";
  /** Added to a counter, kept by a gauge; milliseconds for a timer. */
  readonly value: number;
  /** Labels of this value. */
  readonly tags?: Readonly<Record<string, string>>;
};

export type Tags = Readonly<Record<string, unknown>>;

/** The `meta` of a message. */
export type Meta = {
  readonly puid?: string;
  readonly tags?: Tags;
  readonly routing?: Readonly<Record<string, number>>;
  readonly requestPath?: Readonly<Record<string, string>>;
  readonly metrics?: readonly Metric[];
};

/**
 * Methods that get the whole message, in the JSON form that both transports share; what they
 * return is sent as it is. `...Rest` and `...Grpc` are for one transport, `...Raw` for both.
 */
type RawMethods = {
  [Name in `${
    | "predict"
    | "transformInput"
    | "transformOutput"
    | "route"
    | "aggregate"
    | "sendFeedback"}${"Rest" | "Grpc" | "Raw"}`]?: (message: unknown) => unknown;
};

/** The methods of a model, all optional; each may be async. Source: engine contract, 11.4. */
export type Model = RawMethods & {
  /** Called once, before the first request is taken. */
  load?(): unknown;
  predict?(X: Features, names: readonly string[], meta: Meta): unknown;
  /** An answer in parts: an (async) generator, whose every value is answered like what `predict` returns. */
  predictStream?(X: Features, names: readonly string[], meta: Meta): unknown;
  transformInput?(X: Features, names: readonly string[], meta: Meta): unknown;
  transformOutput?(X: Features, names: readonly string[], meta: Meta): unknown;
  /** The index of the child that gets the request; -1 for all of them. */
  route?(X: Features, names: readonly string[], meta: Meta): unknown;
  aggregate?(Xs: readonly Features[], namesList: readonly (readonly string[])[]): unknown;
  sendFeedback?(
    X: Features,
    names: readonly string[],
    reward: number,
    truth: Features,
    routing: number | undefined,
  ): unknown;
  healthStatus?(): unknown;

  healthStatusRaw?(): unknown;
  /** Gets a request of the protocol v2 as it is, and returns its response. */
  inferRaw?(request: InferRequest): unknown;

  /** Asked after every call; for what belongs to one request alone, return `response()`. */
  tags?(): unknown;
  metrics?(): unknown;
  /** Names of the columns of what a method returns. */
  classNames?: readonly string[] | (() => unknown);
  /** Names of the columns of what `transformInput` returns. */
  featureNames?: readonly string[] | (() => unknown);
  /** Asked once, after `load`. */
  metadata?(): unknown;
};

const isResponse = Symbol.for("espalier.response");

/** Data together with the tags and metrics of this one call. */
export type Response = {
  readonly [isResponse]: true;
  readonly data: unknown;
  readonly tags: Tags;
  readonly metrics: readonly Metric[];
};

/** Returned by a method in place of bare data: safe however many requests run at once. */
export const response = (
  data: unknown,
  extra: { readonly tags?: Tags; readonly metrics?: readonly Metric[] } = {},
): Response => ({
  [isResponse]: true,
  data,
  tags: extra.tags ?? {},
  metrics: extra.metrics ?? [],
});

/** What a method returned, as a Response. */
export const asResponse = (returned: unknown): Response =>
  typeof returned === "object" && returned !== null && isResponse in returned
    ? (returned as Response) // only response() sets this symbol
    : response(returned);

/** Why a component refused or failed, in the words clients see. Source: engine contract, 11.3. */
export type Reason =
  | "MICROSERVICE_BAD_DATA"
  | "MICROSERVICE_INTERNAL_ERROR"
  | "MICROSERVICE_BAD_METRIC"
  | "MICROSERVICE_BAD_METADATA"
  | "MICROSERVICE_BAD_PARAMETER"
  | (string & {});

/** An error that is answered with its own HTTP status and reason. Source: engine contract, 11.3. */
export class ComponentError extends Error {
  override readonly name = "ComponentError";
  readonly status: number;
  readonly reason: Reason;

  constructor(
    message: string,
    options: { readonly status?: number; readonly reason?: Reason; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status ?? 400;
    this.reason = options.reason ?? "MICROSERVICE_BAD_DATA";
  }
}

/** Thrown by a method to be treated as absent. Source: engine contract, 11.4 and 11.7. */
export class NotImplemented extends Error {
  override readonly name = "NotImplemented";
}

/**
 * Any thrown value as a ComponentError: one that carries a `status` or `statusCode` of 400-599
 * keeps it, all else is an internal error.
 */
export const asComponentError = (thrown: unknown): ComponentError => {
  if (thrown instanceof ComponentError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // any object may carry these; each is checked below
  const { status, statusCode, reason } = Object(thrown) as Record<string, unknown>;
  const own = [status, statusCode].find(isErrorStatus);
  if (own === undefined) {
    return new ComponentError(message, {
      status: 500,
      reason: "MICROSERVICE_INTERNAL_ERROR",
      cause: thrown,
    });
  }
  return new ComponentError(message, {
    status: own,
    reason: typeof reason === "string" && reason !== "" ? reason : "MICROSERVICE_BAD_DATA",
    cause: thrown,
  });
};

const isErrorStatus = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 400 && value <= 599;
