/** What the runtime bounds, at both of its edges. Source: design 5.3.7. */
export type Limits = {
  /** Largest request or answer body. */
  readonly maxBodyBytes: number;
  /** Largest head of a request or answer. */
  readonly maxHeaderBytes: number;
  /** Connections open at once; more are refused. */
  readonly maxConnections: number;
  /** Requests in work at once; more are answered 503. 0 means no limit. */
  readonly maxConcurrentRequests: number;
  /** How long a connection may stay silent between requests or inside a body. */
  readonly idleTimeoutMs: number;
  /** How long a client may take to send a whole request head. */
  readonly headerTimeoutMs: number;
  /** Largest body after decompression. */
  readonly maxDecompressedBytes: number;
};

export const defaultLimits: Limits = {
  maxBodyBytes: 268_435_456,
  maxHeaderBytes: 65_536,
  maxConnections: 10_000,
  maxConcurrentRequests: 0,
  idleTimeoutMs: 65_000,
  headerTimeoutMs: 30_000,
  maxDecompressedBytes: 268_435_456,
};
