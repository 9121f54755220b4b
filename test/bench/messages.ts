/** What the bench and its two helper processes, loader and stub, say to each other. */
import type { Size, Transport } from "./cases.ts";
import type { Packed } from "./histogram.ts";

/** One run of the loader against one port. */
export type Job = {
  readonly port: number;
  readonly transport: Transport;
  readonly connections: number;
  /** Requests under way on one connection. */
  readonly streams: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly requests: number;
  /** Requests a second, each at its own time whatever the answers do; 0 sends on every answer. */
  readonly perSecond: number;
  /** After so long nothing more is sent, however many requests are left. */
  readonly limitMs: number;
};

export type Failures = {
  /** Answers of another status than 200, or another gRPC status than 0. */
  readonly status: number;
  /** Answers of another length, or without one. */
  readonly length: number;
  /** Connections that broke with a request under way. */
  readonly connection: number;
  /** Requests that were sent and have no answer at the end. */
  readonly missing: number;
};

export type Outcome = {
  readonly done: number;
  readonly seconds: number;
  readonly failures: Failures;
  /** From the send, or at a fixed rate from the time set for it, to the last byte; microseconds. */
  readonly latency: Packed;
  /** How late requests left at a fixed rate; microseconds. */
  readonly lateness: Packed;
};

/** To the loader: open the connections of a job, run it, or close them. */
export type ToLoader = { readonly kind: "open" | "run" | "close"; readonly job: Job };
export type FromLoader =
  | { readonly kind: "opened" | "closed" }
  | { readonly kind: "ran"; readonly outcome: Outcome }
  | { readonly kind: "failed"; readonly why: string };

/** From the stub, once: its ports, by size of the answer. */
export type FromStub = Readonly<Record<Transport, Readonly<Record<Size, readonly number[]>>>>;

/** To the ticker thread of the loader. Times are those of `process.hrtime`, in milliseconds. */
export type Ticks = {
  readonly startMs: number;
  readonly intervalMs: number;
  readonly count: number;
};
