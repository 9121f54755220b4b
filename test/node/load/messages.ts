/** What the load generator is told, and tells. */

export type Flow = {
  readonly name: string;
  readonly transport: "rest" | "grpc";
  /** Whether each request has a connection of its own; else they share some that stay open. */
  readonly isFresh: boolean;
  readonly host: string;
  readonly port: number;
  /** Of REST. */
  readonly path?: string;
  /** REST headers, or gRPC metadata. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type Job = {
  readonly flows: readonly Flow[];
  /** Of each flow, whatever becomes of the requests before. */
  readonly perSecond: number;
  /** How long a request may take until it counts as failed. */
  readonly limitMs: number;
};

export type Failure = { readonly afterMs: number; readonly reason: string };

export type Tally = {
  readonly flow: string;
  readonly sent: number;
  readonly failed: number;
  /** From when a request was due to its answer. */
  readonly worstMs: number;
  readonly medianMs: number;
  /** How often each answer came. */
  readonly answers: Readonly<Record<string, number>>;
  /** The first ones. */
  readonly failures: readonly Failure[];
};

export type Report = readonly Tally[];

/** One request: resolves with what the model has answered. */
export type Ask = (limitMs: number) => Promise<string>;

export type Asker = { readonly ask: Ask; readonly close: () => void };
