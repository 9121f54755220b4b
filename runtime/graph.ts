/**
 * The plan made runnable: each unit becomes a node whose steps are bound to a container's client
 * or to a built-in, once, at start. Source: engine contract, 6.1 and 6.8.
 */
import type { Plan, PlanUnit } from "../api/plan.ts";
import type { RestNode } from "./client/rest-node.ts";
import type { Call } from "./engine/call.ts";
import type { Node, Route } from "./engine/node.ts";
import { EngineError, withoutAnswer } from "./errors.ts";
import { makeAbTest, type Random } from "./nodes/abtest.ts";
import { average } from "./nodes/average.ts";
import { simpleModelAnswer, simpleRoute } from "./nodes/simple.ts";
import type { Payload } from "./payload.ts";
import type { Protocol, Verb } from "./protocol/protocol.ts";

/** A unit with its means of being called; built-in nodes have none. */
export type Unit = {
  readonly plan: PlanUnit;
  readonly remote: RestNode | undefined;
  readonly builtIn: boolean;
  readonly children: readonly Unit[];
};

export type Graph = {
  readonly root: Node;
  readonly units: Unit;
  /** Some node chooses among its children, and not always the same one. */
  readonly routeVaries: boolean;
  /** Nodes that choose, in the order of the walk. */
  readonly routers: readonly string[];
};

export type GraphOptions = {
  readonly plan: Plan;
  readonly protocol: Protocol;
  readonly random: Random;
  /** Makes the client of a unit that has an endpoint. */
  readonly remote: (unit: PlanUnit) => RestNode | undefined;
};

const builtIns = new Set(["SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER"]);

export const makeGraph = (options: GraphOptions): Graph => {
  const units = makeUnit(options.plan.graph, options);
  const all = preorder(units);
  const routers = all.filter(({ plan }) => plan.children.length > 0 && chooses(plan));
  return {
    root: makeNode(units, options),
    units,
    routeVaries: routers.some((unit) => !isSimpleRouter(unit)),
    routers: routers.map(({ plan }) => plan.name),
  };
};

/** A unit and all below it, parents first, children in order. */
export const preorder = (unit: Unit): readonly Unit[] => [
  unit,
  ...unit.children.flatMap((child) => preorder(child)),
];

const makeUnit = (plan: PlanUnit, options: GraphOptions): Unit => {
  const remote = options.remote(plan);
  return {
    plan,
    remote,
    builtIn: remote === undefined && builtIns.has(plan.implementation ?? ""),
    children: plan.children.map((child) => makeUnit(child, options)),
  };
};

/** An action applies by the unit's type, or because its methods name it. */
const does = ({ type, methods }: PlanUnit, ofType: string, method: string): boolean =>
  type === ofType || methods.includes(method);

const chooses = (unit: PlanUnit): boolean =>
  does(unit, "ROUTER", "ROUTE") ||
  unit.implementation === "RANDOM_ABTEST" ||
  unit.implementation === "SIMPLE_ROUTER";

const isSimpleRouter = ({ plan, builtIn }: Unit): boolean =>
  builtIn && plan.implementation === "SIMPLE_ROUTER";

const makeNode = (unit: Unit, options: GraphOptions): Node => {
  const node = {
    name: unit.plan.name,
    children: unit.children.map((one) => makeNode(one, options)),
  };
  const steps = unit.builtIn ? builtInSteps(unit.plan, options) : remoteSteps(unit, options);
  return { ...node, ...steps, route: routeOf(unit, options) };
};

type Steps = Omit<Node, "name" | "children" | "route">;

const remoteSteps = (unit: Unit, { protocol }: GraphOptions): Steps => {
  const { plan } = unit;
  const chained = (verb: Verb) => (message: Payload, call: Call) =>
    ask(unit, verb, protocol.chain(message), call);
  const transforms = does(plan, "TRANSFORMER", "TRANSFORM_INPUT");
  const input: Verb | undefined = transforms
    ? "transform-input"
    : plan.type === "MODEL"
      ? "predict"
      : undefined;
  return {
    input: input && chained(input),
    aggregate: does(plan, "COMBINER", "AGGREGATE")
      ? (answers, call) => ask(unit, "aggregate", protocol.join(answers), call)
      : undefined,
    output: does(plan, "OUTPUT_TRANSFORMER", "TRANSFORM_OUTPUT")
      ? chained("transform-output")
      : undefined,
    feedback:
      plan.type === "MODEL" || does(plan, "ROUTER", "SEND_FEEDBACK")
        ? (message, call) => ask(unit, "send-feedback", message, call)
        : undefined,
  };
};

const ask = (unit: Unit, verb: Verb, message: Payload, call: Call): Promise<Payload> => {
  if (unit.remote !== undefined) return unit.remote.call(verb, message, call);
  const { name } = unit.plan;
  throw new EngineError(
    "NODE_WITHOUT_ENDPOINT",
    `node ${name} has to be called, but its endpoint has no httpPort and it is no built-in implementation`,
  );
};

const none: Steps = {
  input: undefined,
  aggregate: undefined,
  output: undefined,
  feedback: undefined,
};

const builtInSteps = ({ name, implementation }: PlanUnit, { protocol }: GraphOptions): Steps => {
  switch (implementation) {
    case "SIMPLE_MODEL":
      return {
        ...none,
        input: async (message) => protocol.write(simpleModelAnswer, [message], "tensor"),
        feedback: async (message) => message,
      };
    case "AVERAGE_COMBINER":
      return {
        ...none,
        aggregate: async (answers) =>
          protocol.write(average(name, answers.map(protocol.view)), answers),
      };
    default:
      return none;
  }
};

const routeOf = (unit: Unit, { protocol, random }: GraphOptions): Route | undefined => {
  const { plan } = unit;
  const asked = does(plan, "ROUTER", "ROUTE");
  if (asked && !unit.builtIn) return (message, call) => askRoute(unit, protocol, message, call);
  switch (plan.implementation) {
    case "RANDOM_ABTEST":
      return makeAbTest(plan.name, plan.parameters, random);
    case "SIMPLE_ROUTER":
      return simpleRoute;
    default:
      return undefined;
  }
};

/** A router's error body is not the graph's answer: the client gets its status alone. Source: engine contract, 2.6. */
const askRoute = async (
  unit: Unit,
  protocol: Protocol,
  message: Payload,
  call: Call,
): Promise<number> => {
  try {
    return protocol.route(await ask(unit, "route", message, call));
  } catch (thrown) {
    throw withoutAnswer(thrown);
  }
};
