/**
 * The walk: a message and a graph in, the graph's answer out.
 *
 * Free of transports, protocols, metrics and logs; those are inside the steps of the nodes, or
 * around the engine. The way through each node is put together once, out of what the node does: a
 * request pays for no step that is not there. Source: engine contract, section 6.
 */
import { attempt, type Done } from "../done.ts";
import { EngineError } from "../errors.ts";
import type { Payload } from "../payload.ts";
import { all } from "./all.ts";
import type { Call } from "./call.ts";
import { type Aggregate, ALL, NONE, type Node, type Step } from "./node.ts";

/** Writes the routes taken into a message's `meta.routing`. */
export type Record = (message: Payload, routes: ReadonlyMap<string, number>) => Payload;

/** Which child a feedback message belongs to, by node: an index, ALL or NONE. */
export type FeedbackRoutes = (node: string) => number;

export type Engine<Carried = unknown> = {
  /** Tells the first failure of the walk, in the order of the children. Never throws. */
  predict(message: Payload, call: Call<Carried>, done: Done<Payload>): void;
  /** Children first, then the node itself. Like `predict`. */
  feedback(message: Payload, call: Call<Carried>, told: FeedbackTold): void;
};

export type FeedbackTold = { readonly routes: FeedbackRoutes; readonly done: Done<Payload> };

/** `recordAtEveryNode` also shows inner nodes the routes taken so far. Source: deviation E6. */
export const makeEngine = <Carried>(
  root: Node<Carried>,
  recordAtEveryNode: Record | undefined,
): Engine<Carried> => {
  const walk = walkOf(root, recordAtEveryNode);
  return {
    predict: (message, call, done) => run(walk, message, call, done),
    feedback: (message, call, { routes, done }) =>
      attempt((told) => feedback(root, message, call, { routes, done: told }), done),
  };
};

const run = <Carried>(
  step: Step<Carried>,
  message: Payload,
  call: Call<Carried>,
  done: Done<Payload>,
): void => attempt((told) => step(message, call, told), done);

/** The whole way of a message through a node and what is below it. */
const walkOf = <Carried>(node: Node<Carried>, record: Record | undefined): Step<Carried> => {
  const { children, input, output } = node;
  return inTurn([
    input && enter(node.name, input),
    children.length === 0
      ? undefined
      : descend(
          node,
          children.map((child) => walkOf(child, record)),
        ),
    output,
    record && ((message, call, done) => done(undefined, record(message, call.routes))),
  ]);
};

/** Each step takes the answer of the one before. */
const inTurn = <Carried>(steps: readonly (Step<Carried> | undefined)[]): Step<Carried> => {
  const [first, ...more] = steps.filter((step) => step !== undefined);
  if (first === undefined) return (message, _, done) => done(undefined, message);
  if (more.length === 0) return first;
  const rest = inTurn(more);
  return (message, call, done) =>
    first(message, call, (error, answer) => {
      if (error === undefined) run(rest, answer, call, done);
      else done(error, undefined);
    });
};

const enter =
  <Carried>(name: string, input: Step<Carried>): Step<Carried> =>
  (message, call, done) => {
    call.routes.set(name, ALL);
    input(message, call, done);
  };

/** The ways through each child and through all of them, put together once; a request takes one. */
const descend = <Carried>(node: Node<Carried>, walks: readonly Step<Carried>[]): Step<Carried> => {
  const { name, route, tap } = node;
  const join = joinOf(node);
  const joinOne: Step<Carried> | undefined =
    join && ((answer, call, done) => join([answer], call, done));
  const ways = walks.map((walk) => inTurn([walk, joinOne]));
  const every = ways.length === 1 ? ways[0] : together(walks, join ?? takeFirst);
  const wayOf = (chosen: number): Step<Carried> => {
    const way = chosen === ALL ? every : chosen === NONE ? pass : ways[chosen];
    if (way === undefined) throw noChild(name, chosen, walks.length);
    return way;
  };
  const go = (chosen: number, message: Payload, call: Call<Carried>, done: Done<Payload>): void => {
    call.routes.set(name, chosen);
    wayOf(chosen)(message, call, done);
  };
  const routed: Step<Carried> =
    route === undefined
      ? (message, call, done) => go(ALL, message, call, done)
      : (message, call, done) =>
          route(message, call, (error, chosen) => {
            if (error === undefined) attempt((told) => go(chosen, message, call, told), done);
            else done(error, undefined);
          });
  if (tap === undefined) return routed;
  return (message, call, done) => {
    tap.before(message, call);
    routed(message, call, done);
  };
};

const pass: Step = (message, _, done) => done(undefined, message);

const together =
  <Carried>(walks: readonly Step<Carried>[], join: Aggregate<Carried>): Step<Carried> =>
  (message, call, done) =>
    all<Step<Carried>, Payload, Carried>(
      walks,
      call,
      (walk, own, told) => walk(message, own, told),
      (error, answers) => {
        if (error === undefined) attempt((told) => join(answers, call, told), done);
        else done(error, undefined);
      },
    );

const takeFirst: Aggregate = ([answer], _, done) => {
  if (answer === undefined) throw new EngineError("INTERNAL", "no child gave an answer");
  done(undefined, answer);
};

/** Undefined where the only answer is the answer, and nobody listens. */
const joinOf = <Carried>({ aggregate, tap }: Node<Carried>): Aggregate<Carried> | undefined => {
  if (tap === undefined) return aggregate;
  const join = aggregate ?? takeFirst;
  return (answers, call, done) =>
    join(answers, call, (error, answer) => {
      if (error !== undefined) done(error, undefined);
      else {
        tap.after(answer, call);
        done(undefined, answer);
      }
    });
};

const noChild = (node: string, route: number, children: number): EngineError =>
  new EngineError(
    "ROUTE_MISSING",
    `node ${node} was routed to child ${route}, but it has ${children} children: 0 to ${children - 1}, -1 (all) or -2 (none) are routes`,
  );

const feedback = <Carried>(
  node: Node<Carried>,
  message: Payload,
  call: Call<Carried>,
  { routes, done }: FeedbackTold,
): void => {
  const { name, children } = node;
  node.heard?.(message, call);
  const own: Done<unknown> = (...[error]) => {
    if (error !== undefined) done(error, undefined);
    else if (node.feedback === undefined) done(undefined, message);
    else run(node.feedback, message, call, done);
  };
  const go = (route: number): void => {
    call.routes.set(name, route);
    if (route === NONE) done(undefined, message);
    else {
      all(
        route === ALL ? children : [childAt(node, route)],
        call,
        (child, below, told) => feedback(child, message, below, { routes, done: told }),
        own,
      );
    }
  };
  const said = children.length === 0 ? NONE : routes(name);
  if (children.length === 0) own(undefined, undefined);
  else if (said !== ALL || node.recall === undefined) go(said);
  else {
    node.recall(message, call, (error, recalled) => {
      if (error === undefined) attempt<Payload>(() => go(recalled ?? ALL), done);
      else done(error, undefined);
    });
  }
};

const childAt = <Carried>(node: Node<Carried>, route: number): Node<Carried> => {
  const child = node.children[route];
  if (child === undefined) throw noChild(node.name, route, node.children.length);
  return child;
};
