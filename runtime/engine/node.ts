import type { Payload } from "../payload.ts";
import type { Call } from "./call.ts";

/** One call to a node: a message in, the node's answer out. Throws EngineError. */
export type Step = (message: Payload, call: Call) => Promise<Payload>;

/** Chooses among children: an index, ALL of them, or NONE. Throws EngineError. */
export type Route = (message: Payload, call: Call) => number | Promise<number>;

/** Makes one answer of several, given in the order of the children. Throws EngineError. */
export type Aggregate = (answers: readonly Payload[], call: Call) => Promise<Payload>;

/** Every child gets the message, at the same time. Source: engine contract, 6.4. */
export const ALL = -1;
/** No child is called: the message goes on as it is. Source: engine contract, 6.4. */
export const NONE = -2;

/**
 * A node of the graph, ready to run: a step is there exactly if the node takes part in that way.
 *
 * Whether a step is a call over the network or a built-in is not the walk's concern.
 * Source: engine contract, 6.1.
 */
export type Node = {
  readonly name: string;
  readonly children: readonly Node[];
  /** Predict or transform-input: before the children. */
  readonly input: Step | undefined;
  readonly route: Route | undefined;
  readonly aggregate: Aggregate | undefined;
  /** Transform-output: after the children. */
  readonly output: Step | undefined;
  readonly feedback: Step | undefined;
};
