/**
 * What every built-in node is to the engine: some of four steps, made once of a unit's parameters.
 * A node sees numbers, never bytes, and looks only when it has to: an A/B test reads no message.
 */
import type { NumericView } from "./view.ts";

/** A message as a built-in node may look at it. */
export type Look = {
  /** The request id, `Seldon-Puid`. */
  readonly id: string;
  /** The same object in every step of one request, and in no other: a key for what a step keeps. */
  readonly request: object;
  /** Read at the first call. @throws {EngineError} PAYLOAD_UNFIT with the place of what is no number. */
  numbers(): NumericView;
  /**
   * The message as the JSON form of its protocol; `data` of a SeldonMessage as it is in REST.
   *
   * @throws {EngineError} PAYLOAD_UNFIT
   */
  json(): unknown;
  /** A header of the REST request, or a key of the gRPC metadata, in any case; the first of several. */
  header(name: string): string | undefined;
};

/** A step's answer. What is left out is the message's own: no numbers pass the message on as it is. */
export type Outcome = {
  readonly numbers?: NumericView;
  /** How the numbers are written; otherwise as in the message that was looked at. */
  readonly form?: "tensor" | "ndarray";
  /** Merged into `meta.tags`, or the parameters of a v2 message; nowhere under tensorflow. */
  readonly tags?: Readonly<Record<string, unknown>>;
};

/**
 * Feedback about an earlier answer, read when it is first asked for something.
 *
 * @throws {EngineError} MESSAGE_UNREADABLE, PAYLOAD_UNFIT. Source: engine contract, 6.7.
 */
export type Feedback = {
  /** The id of the request that it is about; its own where it does not say so. */
  id(): string;
  reward(): number;
  /** The child that the request went to; undefined if nobody knows. */
  readonly route: number | undefined;
  /** Of the request that it is about; undefined if feedback does not hold it. */
  request(): NumericView | undefined;
  /** What would have been right. */
  truth(): NumericView | undefined;
};

/** A child of a router or combiner as it is told to the node. */
export type Branch = { readonly index: number; readonly name: string };

/** Every step is optional; each may throw EngineError and nothing else. */
export type BuiltInNode = {
  /** Of a model or transformer: before the children. */
  readonly input?: (look: Look) => Outcome | Promise<Outcome>;
  /** Of a router: an index, ALL or NONE. */
  readonly route?: (look: Look) => number | Promise<number>;
  /** Of a combiner: the answers in the order of the children. */
  readonly aggregate?: (looks: readonly Look[]) => Outcome | Promise<Outcome>;
  /** After the children. */
  readonly output?: (look: Look) => Outcome | Promise<Outcome>;
  readonly feedback?: (feedback: Feedback) => void | Promise<void>;
  /** Which child an earlier request went to, where feedback does not say. */
  readonly recall?: (id: string) => number | undefined | Promise<number | undefined>;
  /** What it has learned, for `GET /api/v1.0/routers`; a plain JSON object. */
  readonly describe?: () => object;
  /** Metrics by name without a prefix, gauges and counters with labels; asked at every scrape. */
  readonly measures?: () => readonly Measure[];
  /** What goes in and comes out, as far as it is known at start, for the graph's metadata. */
  readonly ends?: { readonly inputs?: readonly End[]; readonly outputs?: readonly End[] };
};

/** A tensor as metadata tell of it; -1 in a shape is any number. Source: Open Inference Protocol, model metadata. */
export type End = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
};

export type Measure = {
  /** `router_pulls`: the engine puts `espalier_` before it and the node's name among the labels. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};
