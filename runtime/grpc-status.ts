/** The status codes of gRPC by name. Source: the gRPC status codes. */
export const grpcCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcCode = keyof typeof grpcCodes;

const names = Object.keys(grpcCodes);

/** As v1's metrics spell a code: `DEADLINE_EXCEEDED` is `DeadlineExceeded`, `OK` is `OK`. Source: engine contract, 9.1. */
export const grpcCodeLabel = (code: number): string => {
  const name = names[code];
  if (name === undefined) return `Code(${code})`;
  if (name === "OK") return name;
  const words = name.toLowerCase().split("_");
  const label = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
  return label === "Cancelled" ? "Canceled" : label;
};
