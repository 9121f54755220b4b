import type { Done } from "../done.ts";
import type { Payload } from "../payload.ts";
import type { Call } from "./call.ts";

/** One call to a node: a message in, the node's answer out. */
export type Step<Carried = unknown> = (
  message: Payload,
  call: Call<Carried>,
  done: Done<Payload>,
) => void;

/** Chooses among children: an index, ALL of them, or NONE. */
export type Route<Carried = unknown> = (
  message: Payload,
  call: Call<Carried>,
  done: Done<number>,
) => void;

/** Makes one answer of several, given in the order of the children. */
export type Aggregate<Carried = unknown> = (
  answers: readonly Payload[],
  call: Call<Carried>,
  done: Done<Payload>,
) => void;

/** Is told of a message, and may neither change nor delay it. Never throws. */
export type Hear = (message: Payload, call: Call) => void;

/** Hears what goes into a node's children, and what comes out of them if they succeed. */
export type Tap = { readonly before: Hear; readonly after: Hear };

/** Which child an earlier request went to; undefined: nobody knows. */
export type Recall<Carried = unknown> = (
  message: Payload,
  call: Call<Carried>,
  done: Done<number | undefined>,
) => void;

/** Every child gets the message, at the same time. Source: engine contract, 6.4. */
export const ALL = -1;
/** No child is called: the message goes on as it is. Source: engine contract, 6.4. */
export const NONE = -2;

/**
 * A node of the graph, ready to run: a step is there exactly if the node takes part in that way.
 * A step may throw an EngineError before it has called `done`.
 *
 * Whether a step is a call over the network or a built-in is not the walk's concern.
 * Source: engine contract, 6.1.
 */
export type Node<Carried = unknown> = {
  readonly name: string;
  readonly children: readonly Node<Carried>[];
  /** Predict or transform-input: before the children. */
  readonly input: Step<Carried> | undefined;
  readonly route: Route<Carried> | undefined;
  readonly aggregate: Aggregate<Carried> | undefined;
  /** Transform-output: after the children. */
  readonly output: Step<Carried> | undefined;
  readonly feedback: Step<Carried> | undefined;
  /** Around the children: the message before it is routed, the answer after it is aggregated. */
  readonly tap?: Tap;
  /** Asked where feedback does not say which child it belongs to. */
  readonly recall?: Recall<Carried> | undefined;
  /** Hears feedback before the children get it. */
  readonly heard?: Hear;
};
