/**
 * What of a node is logged: each call to it once, as a request and, when it succeeds, a response.
 * A combiner's call is logged with the message that its children get; a node that is not called
 * itself, a router for example, with what goes into its children and comes out of them.
 *
 * Source: engine contract, 7.3; deviation E12.
 */
import type { Hear, Node, Step, Tap } from "../engine/node.ts";

/** Takes the messages of one node; never throws and never waits. What is not wanted is passed over. */
export type NodeLog = {
  readonly request: Hear;
  readonly response: Hear;
  readonly feedback: Hear;
};

/** The step with its message and its reply logged. */
export const logged = <Carried>(step: Step<Carried>, log: NodeLog | undefined): Step<Carried> =>
  log === undefined
    ? step
    : (message, call, done) => {
        log.request(message, call);
        step(message, call, (error, answer) => {
          if (error !== undefined) done(error, undefined);
          else {
            log.response(answer, call);
            done(undefined, answer);
          }
        });
      };

type Called = Pick<Node<never>, "input" | "aggregate" | "output">;

/** What the walk itself tells the log of a node with these steps. */
export const hooks = (
  { input, aggregate, output }: Called,
  log: NodeLog | undefined,
): { readonly tap?: Tap; readonly heard?: Hear } => {
  if (log === undefined) return {};
  const heard = log.feedback;
  const isCalledBeforeOrAfter = input !== undefined || output !== undefined;
  if (aggregate === undefined && isCalledBeforeOrAfter) return { heard };
  return { heard, tap: { before: log.request, after: log.response } };
};
