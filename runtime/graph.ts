/**
 * The plan made runnable: each unit becomes a node whose steps are bound to a container's client
 * or to a built-in, once, at start. Source: engine contract, 6.1 and 6.8.
 */
import { builtInRow } from "../api/built-ins/all.ts";
import type { Plan, PlanUnit } from "../api/plan.ts";
import { builtInSteps, type HeaderOf } from "./built-in-steps.ts";
import type { BuiltIns } from "./built-ins.ts";
import type { NodeStream, NodeStreamEvents } from "./client/grpc-duplex.ts";
import type { StreamAnswer } from "./client/stream.ts";
import { attempt, type Done, settle } from "./done.ts";
import type { Call } from "./engine/call.ts";
import type { FeedbackRoutes } from "./engine/engine.ts";
import { type Aggregate, ALL, type Node, type Route, type Step } from "./engine/node.ts";
import { EngineError, withoutAnswer } from "./errors.ts";
import type { BuiltInNode } from "./nodes/node.ts";
import type { Payload } from "./payload.ts";
import { hooks, logged, type NodeLog } from "./payload-log/node-log.ts";
import type { Codec, Verb } from "./protocol/protocol.ts";

/** A container, reached over one transport. */
export type NodeClient<Carried> = {
  /**
   * Calls the node; without a message it is asked for its status or metadata.
   *
   * Tells NODE_STATUS with what the node answered, NODE_UNREACHABLE, NODE_TIMEOUT, NODE_PROTOCOL,
   * or the reason why the call's scope ended. May throw before it has called `done`.
   */
  call(verb: Verb, message: Payload | undefined, call: Call<Carried>, done: Done<Payload>): void;
  /** Calls the node and passes its answer on as it comes, whatever its status; not over every transport. */
  stream?(verb: Verb, message: Payload, call: Call<Carried>): Promise<StreamAnswer>;
  /** Opens a call in which messages go both ways; not over every transport. */
  duplex?(rpc: string, carried: Carried, heard: NodeStreamEvents): NodeStream;
};

/** A unit with its means of being called; built-in nodes have none. */
export type Unit<Carried> = {
  readonly plan: PlanUnit;
  readonly remote: NodeClient<Carried> | undefined;
  /** What it is inside the engine; undefined where a container is called instead. */
  readonly builtIn: BuiltInNode | undefined;
  readonly children: readonly Unit<Carried>[];
};

export type Graph<Carried> = {
  readonly root: Node<Carried>;
  readonly units: Unit<Carried>;
  /** The graph is one model and nothing else. */
  readonly isSingleModel: boolean;
  /** Some node chooses among its children, and not always the same one. */
  readonly routeVaries: boolean;
  /** Nodes that choose, in the order of the walk. */
  readonly routers: readonly string[];
  /** Nothing inside the engine, a built-in node or a log, may keep a message or a part of one. */
  readonly keepsNothing: boolean;
  /** Some built-in node takes feedback. */
  readonly learns: boolean;
  /** Which way feedback goes: where nothing takes it, everywhere. */
  feedbackRoutes(message: Payload): FeedbackRoutes;
};

export type GraphOptions<Carried> = {
  readonly plan: Plan;
  readonly codec: Codec;
  readonly builtIns: BuiltIns;
  readonly headerOf: HeaderOf<Carried>;
  /** Makes the client of a unit; undefined if its endpoint does not say where it is. */
  readonly remote: (unit: PlanUnit) => NodeClient<Carried> | undefined;
  /** Where a unit's messages are logged; undefined if they are not. */
  readonly nodeLog?: ((unit: PlanUnit) => NodeLog | undefined) | undefined;
};

export const makeGraph = <Carried>(options: GraphOptions<Carried>): Graph<Carried> => {
  const units = makeUnit(options.plan.graph, options);
  const all = preorder(units);
  const routers = all.filter(
    (unit) => unit.plan.children.length > 0 && chooses(unit, options.builtIns),
  );
  const learns = all.some((unit) => learnsFrom(unit, options.builtIns));
  const { takesFeedback, feedbackRoutes } = options.codec;
  return {
    root: makeNode(units, options),
    units,
    isSingleModel: all.length === 1 && isModel(units.plan),
    routeVaries: routers.some((unit) => !isSimpleRouter(unit)),
    routers: routers.map(({ plan }) => plan.name),
    keepsNothing: all.every(
      ({ plan }) => options.builtIns.get(plan) === undefined && !options.nodeLog?.(plan),
    ),
    learns,
    feedbackRoutes: takesFeedback || learns ? feedbackRoutes : () => () => ALL,
  };
};

/** A unit and all below it, parents first, children in order. */
export const preorder = <Carried>(unit: Unit<Carried>): readonly Unit<Carried>[] => [
  unit,
  ...unit.children.flatMap((child) => preorder(child)),
];

const makeUnit = <Carried>(plan: PlanUnit, options: GraphOptions<Carried>): Unit<Carried> => {
  const remote = options.remote(plan);
  return {
    plan,
    remote,
    builtIn: remote === undefined ? options.builtIns.get(plan) : undefined,
    children: plan.children.map((child) => makeUnit(child, options)),
  };
};

/** An action applies by the unit's type, or because its methods name it. */
const does = ({ type, methods }: PlanUnit, ofType: string, method: string): boolean =>
  type === ofType || methods.includes(method);

const isModel = ({ type, methods }: PlanUnit): boolean =>
  type === "MODEL" && !methods.includes("TRANSFORM_INPUT") && !methods.includes("TRANSFORM_OUTPUT");

const chooses = <Carried>({ plan }: Unit<Carried>, builtIns: BuiltIns): boolean =>
  does(plan, "ROUTER", "ROUTE") || builtIns.get(plan)?.route !== undefined;

const isSimpleRouter = <Carried>({ plan, builtIn }: Unit<Carried>): boolean =>
  builtIn !== undefined && plan.implementation === "SIMPLE_ROUTER";

const makeNode = <Carried>(unit: Unit<Carried>, options: GraphOptions<Carried>): Node<Carried> => {
  const { plan } = unit;
  const { codec, headerOf } = options;
  const log = options.nodeLog?.(plan);
  const own = options.builtIns.get(plan);
  const transforms = plan.type !== "MODEL" && isTransformer(plan);
  const builtIn =
    own && builtInSteps({ name: plan.name, node: own, codec, headerOf, log, transforms });
  const steps =
    unit.builtIn !== undefined && builtIn !== undefined ? builtIn : remoteSteps(unit, options, log);
  const asked = does(plan, "ROUTER", "ROUTE") && unit.builtIn === undefined;
  const router = asked || builtIn?.route === undefined ? undefined : builtIn;
  return {
    name: plan.name,
    children: unit.children.map((one) => makeNode(one, options)),
    ...steps,
    ...hooks(steps, log),
    route: asked ? askRoute(unit, codec) : router?.route,
    // A container beside a built-in router does not keep it from learning.
    feedback: steps.feedback ?? router?.feedback,
    recall: router?.recall,
  };
};

/** Its built-in node takes feedback; one whose container routes is never asked. */
const learnsFrom = <Carried>({ plan, builtIn }: Unit<Carried>, builtIns: BuiltIns): boolean => {
  const router = does(plan, "ROUTER", "ROUTE") ? undefined : builtIns.get(plan);
  return (builtIn ?? (router?.route && router))?.feedback !== undefined;
};

const isTransformer = ({ implementation }: PlanUnit): boolean =>
  builtInRow(implementation)?.kind === "transformer";

type Steps<Carried> = Pick<Node<Carried>, "input" | "aggregate" | "output" | "feedback">;

const remoteSteps = <Carried>(
  unit: Unit<Carried>,
  { codec }: GraphOptions<Carried>,
  log: NodeLog | undefined,
): Steps<Carried> => {
  const { plan } = unit;
  const chained = (verb: Verb): Step<Carried> => {
    const step = logged(ask(unit, verb), log);
    return (message, call, done) =>
      step(codec.chain(message, call.modelName ?? plan.name), call, done);
  };
  const joined =
    (step: Step<Carried>): Aggregate<Carried> =>
    (answers, call, done) =>
      step(codec.join(answers, call.modelName ?? plan.name), call, done);
  const transforms = does(plan, "TRANSFORMER", "TRANSFORM_INPUT");
  const input: Verb | undefined = transforms
    ? "transform-input"
    : plan.type === "MODEL"
      ? "predict"
      : undefined;
  return {
    input: input && chained(input),
    aggregate: does(plan, "COMBINER", "AGGREGATE") ? joined(ask(unit, "aggregate")) : undefined,
    output: does(plan, "OUTPUT_TRANSFORMER", "TRANSFORM_OUTPUT")
      ? chained("transform-output")
      : undefined,
    feedback:
      codec.takesFeedback && (plan.type === "MODEL" || does(plan, "ROUTER", "SEND_FEEDBACK"))
        ? ask(unit, "send-feedback")
        : undefined,
  };
};

const ask = <Carried>({ plan, remote }: Unit<Carried>, verb: Verb): Step<Carried> => {
  if (remote !== undefined) return (message, call, done) => remote.call(verb, message, call, done);
  return () => {
    throw new EngineError(
      "NODE_WITHOUT_ENDPOINT",
      `node ${plan.name} has to be called, but its endpoint has no service_host or no port for this transport, and it is no built-in implementation`,
    );
  };
};

/** A router's error body is not the graph's answer: the client gets its status alone. Source: engine contract, 2.6. */
const askRoute = <Carried>(unit: Unit<Carried>, codec: Codec): Route<Carried> => {
  const step = ask(unit, "route");
  return (message, call, done) => {
    const read: Done<Payload> = (error, answer) => {
      if (error !== undefined) done(withoutAnswer(error), undefined);
      else settle(() => codec.route(answer), done);
    };
    attempt((told) => step(message, call, told), read);
  };
};
