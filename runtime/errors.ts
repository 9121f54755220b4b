import { type GrpcCode, grpcCodes } from "./grpc-status.ts";
import type { Payload } from "./payload.ts";

/**
 * Every error the runtime makes, with the HTTP status and the gRPC status a client sees.
 *
 * Source: engine contract 2.6 and 4.4, deviations E3 and E16, design 5.3.1 and 5.3.7.
 */
export const errorTable = {
  /** A node answered with another status than 200; its own body goes to the client. */
  NODE_STATUS: { http: 500, grpc: "UNKNOWN" },
  /** The connection to a node failed, or broke before the whole answer came. */
  NODE_UNREACHABLE: { http: 500, grpc: "UNAVAILABLE" },
  /** One call to a node took longer than `seldon.io/rest-timeout`. */
  NODE_TIMEOUT: { http: 500, grpc: "DEADLINE_EXCEEDED" },
  /** A node's answer breaks HTTP, or is larger than the limits allow. */
  NODE_PROTOCOL: { http: 500, grpc: "INTERNAL" },
  /** A node has to be called but its endpoint is not known. */
  NODE_WITHOUT_ENDPOINT: { http: 500, grpc: "FAILED_PRECONDITION" },
  /** The protocol has no RPC by which a node could be asked. */
  RPC_NOT_OFFERED: { http: 500, grpc: "UNIMPLEMENTED" },
  /** A router's answer could not be read as a route. */
  ROUTE_UNREADABLE: { http: 500, grpc: "INTERNAL" },
  /** A router chose a child that does not exist. */
  ROUTE_MISSING: { http: 500, grpc: "INTERNAL" },
  /** A parameter of a built-in node is malformed. */
  PARAMETER_INVALID: { http: 500, grpc: "UNKNOWN" },
  /** A message that must be JSON is not, or cannot be passed on to the next node. */
  MESSAGE_UNREADABLE: { http: 500, grpc: "UNKNOWN" },
  /** A built-in node cannot work with what a client sent: a request, or feedback. */
  INPUT_UNFIT: { http: 400, grpc: "INVALID_ARGUMENT" },
  /** A built-in node cannot work with what models have answered. */
  PAYLOAD_UNFIT: { http: 500, grpc: "UNKNOWN" },
  /** An outlier detector that blocks found one. */
  OUTLIER_REFUSED: { http: 422, grpc: "INVALID_ARGUMENT" },
  /** A message does not match the JSON Schema of a validator node. */
  SCHEMA_MISMATCH: { http: 400, grpc: "INVALID_ARGUMENT" },
  /** The unit named in a path is not in the graph. */
  UNIT_UNKNOWN: { http: 500, grpc: "UNKNOWN" },
  /** A node's metadata cannot be read. */
  METADATA_UNREADABLE: { http: 500, grpc: "UNKNOWN" },
  /** A health check names a service that is not here. */
  SERVICE_UNKNOWN: { http: 404, grpc: "NOT_FOUND" },
  /** The whole graph took longer than its deadline. */
  GRAPH_DEADLINE: { http: 504, grpc: "DEADLINE_EXCEEDED" },
  /** The client left; nobody reads the answer. */
  CLIENT_GONE: { http: 499, grpc: "CANCELLED" },
  /** Another branch of the walk failed; this one was given up. */
  SIBLING_FAILED: { http: 500, grpc: "CANCELLED" },
  /** The request itself is malformed. */
  REQUEST_INVALID: { http: 400, grpc: "INVALID_ARGUMENT" },
  /** The client sent its request too slowly. */
  REQUEST_TOO_SLOW: { http: 408, grpc: "DEADLINE_EXCEEDED" },
  /** The body is larger than the limit. */
  BODY_TOO_LARGE: { http: 413, grpc: "RESOURCE_EXHAUSTED" },
  /** The request's head is larger than the limit. */
  HEADERS_TOO_LARGE: { http: 431, grpc: "RESOURCE_EXHAUSTED" },
  /** More requests at once than the limit. */
  TOO_BUSY: { http: 503, grpc: "RESOURCE_EXHAUSTED" },
  /** A defect of ours. */
  INTERNAL: { http: 500, grpc: "INTERNAL" },
} as const satisfies Record<string, { readonly http: number; readonly grpc: GrpcCode }>;

export type ErrorCode = keyof typeof errorTable;

/** What a node sent along with a status other than 200: it goes to the client as it is. */
export type NodeAnswer = Payload & { readonly status: number };

/** The status of a node that answered over gRPC; `rich` is its `grpc-status-details-bin`. */
export type GrpcStatus = {
  readonly code: number;
  readonly details: string;
  readonly rich?: Buffer;
};

type ErrorOptions = {
  readonly cause?: unknown;
  readonly answer?: NodeAnswer;
  readonly status?: number;
  readonly grpc?: GrpcStatus;
};

/** The one error the runtime throws. Match on `code`, never on the message. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: ErrorCode;
  readonly answer: NodeAnswer | undefined;
  /** HTTP status of a node that answered, where it stands in for the table's. */
  readonly status: number | undefined;

  /** The status of a node that answered over gRPC. */
  readonly grpc: GrpcStatus | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.answer = options.answer;
    this.status = options.status ?? options.answer?.status;
    this.grpc = options.grpc;
  }
}

/** The HTTP status a client sees: the node's own where one answered, else the table's. */
export const httpStatusOf = (error: EngineError): number =>
  error.status ?? errorTable[error.code].http;

/** The gRPC code a client sees: the node's own where one answered, else the table's. */
export const grpcCodeOf = (error: EngineError): number =>
  error.grpc?.code ?? grpcCodes[errorTable[error.code].grpc];

/** The same error without the node's body: the client gets its status and a message of the engine's own. */
export const withoutAnswer = (thrown: unknown): EngineError => {
  const error = asEngineError(thrown);
  if (error.answer === undefined) return error;
  return new EngineError(error.code, error.message, { cause: error, status: error.answer.status });
};

/** Any thrown value as an EngineError: what is not ours is INTERNAL. */
export const asEngineError = (thrown: unknown): EngineError =>
  thrown instanceof EngineError
    ? thrown
    : new EngineError("INTERNAL", thrown instanceof Error ? thrown.message : String(thrown), {
        cause: thrown,
      });
