/** From a unit of the plan to its built-in node. */
import { readParameters, type Values } from "../../api/built-ins/read.ts";
import type { BuiltInRow } from "../../api/built-ins/table.ts";
import type { PlanParameter } from "../../api/plan.ts";
import { EngineError } from "../errors.ts";
import type { Branch, BuiltInNode } from "./node.ts";
import type { StateStore } from "./state-store.ts";

/** Draws from [0, 1), like Math.random. */
export type Random = () => number;

/** What a node is made with, beside the values of its parameters. */
export type Means = {
  readonly name: string;
  /** `MODEL`, `ROUTER` and so on, for nodes that can be more than one; empty if the unit has none. */
  readonly type?: string | undefined;
  readonly branches: readonly Branch[];
  /** As they are written, for what counts or orders them. */
  readonly parameters: readonly PlanParameter[];
  readonly random: Random;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly store: StateStore;
  /** The text of a file, by its path or `file://` address. @throws {EngineError} PARAMETER_INVALID */
  readonly readFile?: (place: string) => string;
};

/** Makes a node. Never throws: what is wrong with its parameters is told to every call. */
export type Definition = (means: Means) => BuiltInNode;

/**
 * A kind of node whose parameters `row` describes. An engine that gets wrong ones starts all the
 * same, as v1's does: the node answers every call with what is wrong with them.
 */
export const define =
  <Row extends BuiltInRow>(
    row: Row,
    make: (values: Values<Row>, means: Means) => BuiltInNode,
  ): Definition =>
  (means) => {
    const read = readParameters(row, means.parameters);
    if (!read.ok) {
      const issues = read.issues.map((one) => `${one.path} ${one.message}`);
      return broken(row, `node ${means.name}: ${issues.join("; ")}`);
    }
    try {
      return make(read.value, means);
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      return broken(row, thrown.message);
    }
  };

const broken = ({ kind }: BuiltInRow, why: string): BuiltInNode => {
  const refuse = (): never => {
    throw new EngineError("PARAMETER_INVALID", why);
  };
  switch (kind) {
    case "router":
      return { route: refuse };
    case "combiner":
      return { aggregate: refuse };
    case "model":
    case "transformer":
      return { input: refuse };
  }
};
