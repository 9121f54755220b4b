/**
 * Where built-in nodes keep what they learn. All of it is sums, so that any number of engines can
 * add to the same state in any order and agree: counts and rewards of arms, sums of outer products.
 *
 * Reading never waits: an engine has its own copy, in which its own additions are seen at once and
 * those of other engines after a moment.
 */
export type StateStore = {
  /**
   * The state of a node, zeros at first. One of another length or kind is another state: a router
   * that gets a branch more begins anew, and finds the old one if the branch is taken away.
   */
  sums(node: string, shape: StateShape): Sums;
  /** Remembers something about a request for a bounded time; the oldest go first where there are too many. */
  remember(node: string, id: string, value: readonly number[]): void;
  recall(node: string, id: string): Promise<readonly number[] | undefined>;
};

export type StateShape = {
  /** What the numbers mean, and in which version: `ucb1/1`. */
  readonly kind: string;
  readonly length: number;
};

export type Sums = {
  readonly values: Readonly<Float64Array>;
  /**
   * Adds to the numbers at these places, all or none of them.
   *
   * @throws {EngineError} PAYLOAD_UNFIT when a sum would be no finite number.
   */
  add(places: readonly number[], amounts: readonly number[]): void;
};
