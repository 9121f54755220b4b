/**
 * The walk: a message and a graph in, the graph's answer out.
 *
 * Free of transports, protocols, metrics and logs; those are inside the steps of the nodes, or
 * around the engine. Source: engine contract, section 6.
 */
import { EngineError } from "../errors.ts";
import type { Payload } from "../payload.ts";
import { all } from "./all.ts";
import type { Call } from "./call.ts";
import { ALL, NONE, type Node } from "./node.ts";

/** Writes the routes taken into a message's `meta.routing`. */
export type Record = (message: Payload, routes: ReadonlyMap<string, number>) => Payload;

/** Which child a feedback message belongs to, by node: an index, ALL or NONE. */
export type FeedbackRoutes = (node: string) => number;

export type Engine<Carried = unknown> = {
  /** @throws {EngineError} the first failure of the walk, in the order of the children. */
  predict(message: Payload, call: Call<Carried>): Promise<Payload>;
  /** Children first, then the node itself. @throws {EngineError} like `predict`. */
  feedback(message: Payload, call: Call<Carried>, routes: FeedbackRoutes): Promise<Payload>;
};

/** `recordAtEveryNode` also shows inner nodes the routes taken so far. Source: deviation E6. */
export const makeEngine = <Carried>(
  root: Node<Carried>,
  recordAtEveryNode: Record | undefined,
): Engine<Carried> => {
  const predict = async (
    node: Node<Carried>,
    message: Payload,
    call: Call<Carried>,
  ): Promise<Payload> => {
    const entered = await enter(node, message, call);
    const answer = node.children.length === 0 ? entered : await descend(node, entered, call);
    const left = node.output === undefined ? answer : await node.output(answer, call);
    return recordAtEveryNode === undefined ? left : recordAtEveryNode(left, call.routes);
  };

  const enter = (
    node: Node<Carried>,
    message: Payload,
    call: Call<Carried>,
  ): Payload | Promise<Payload> => {
    if (node.input === undefined) return message;
    call.routes.set(node.name, ALL);
    return node.input(message, call);
  };

  const descend = async (
    node: Node<Carried>,
    message: Payload,
    call: Call<Carried>,
  ): Promise<Payload> => {
    node.tap?.before(message, call);
    const route = node.route === undefined ? ALL : await node.route(message, call);
    call.routes.set(node.name, route);
    if (route === NONE) return message;
    const answers =
      route === ALL
        ? await all(node.children, call, (child, own) => predict(child, message, own))
        : [await predict(childAt(node, route), message, call)];
    const answer =
      node.aggregate === undefined ? first(answers) : await node.aggregate(answers, call);
    node.tap?.after(answer, call);
    return answer;
  };

  const feedback = async (
    node: Node<Carried>,
    message: Payload,
    call: Call<Carried>,
    routes: FeedbackRoutes,
  ): Promise<Payload> => {
    node.heard?.(message, call);
    if (node.children.length > 0) {
      const said = routes(node.name);
      const route =
        said === ALL && node.recall !== undefined
          ? ((await node.recall(message, call)) ?? ALL)
          : said;
      call.routes.set(node.name, route);
      if (route === NONE) return message;
      const targets = route === ALL ? node.children : [childAt(node, route)];
      await all(targets, call, (child, own) => feedback(child, message, own, routes));
    }
    return node.feedback === undefined ? message : node.feedback(message, call);
  };

  return {
    predict: (message, call) => predict(root, message, call),
    feedback: (message, call, routes) => feedback(root, message, call, routes),
  };
};

const childAt = <Carried>(node: Node<Carried>, route: number): Node<Carried> => {
  const child = node.children[route];
  if (child !== undefined) return child;
  throw new EngineError(
    "ROUTE_MISSING",
    `node ${node.name} was routed to child ${route}, but it has ${node.children.length} children: 0 to ${node.children.length - 1}, -1 (all) or -2 (none) are routes`,
  );
};

const first = ([answer]: readonly Payload[]): Payload => {
  if (answer === undefined) throw new EngineError("INTERNAL", "no child gave an answer");
  return answer;
};
