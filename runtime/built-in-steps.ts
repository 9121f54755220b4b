/** The steps of a built-in node, between the engine's messages and the numbers that it sees. */
import { settle } from "./done.ts";
import type { Call } from "./engine/call.ts";
import type { Node, Step } from "./engine/node.ts";
import { asEngineError, EngineError } from "./errors.ts";
import type { BuiltInNode, Feedback, Look, Outcome } from "./nodes/node.ts";
import type { NumericView } from "./nodes/view.ts";
import type { Payload } from "./payload.ts";
import { logged, type NodeLog } from "./payload-log/node-log.ts";
import type { Codec, FeedbackParts } from "./protocol/protocol.ts";

/** A header of a request, out of what its call carries. */
export type HeaderOf<Carried> = (carried: Carried, name: string) => string | undefined;

export type BuiltInOptions<Carried> = {
  readonly name: string;
  readonly node: BuiltInNode;
  readonly codec: Codec;
  readonly headerOf: HeaderOf<Carried>;
  readonly log: NodeLog | undefined;
  /** What it makes of a message stands for the message: its tensors keep their names. */
  readonly transforms: boolean;
};

type Steps<Carried> = Pick<
  Node<Carried>,
  "input" | "route" | "aggregate" | "output" | "feedback" | "recall"
>;

export const builtInSteps = <Carried>(options: BuiltInOptions<Carried>): Steps<Carried> => {
  const { node, codec, log } = options;
  const look = (message: Payload, call: Call<Carried>): Look => makeLook(options, message, call);
  const step = (work: BuiltInNode["input"]): Step<Carried> | undefined =>
    work &&
    logged(
      (message, call, done) =>
        settle(
          () =>
            after(
              blamingInput(() => work(look(message, call))),
              (outcome) => written(options, outcome, [message]),
            ),
          done,
        ),
      log,
    );
  const { route, aggregate, recall } = node;
  return {
    input: step(node.input),
    output: node.output && logged(outputOf(options, node.output), log),
    route:
      route &&
      ((message, call, done) => settle(() => blamingInput(() => route(look(message, call))), done)),
    aggregate:
      aggregate &&
      ((answers, call, done) => {
        const looks = answers.map((one) => look(one, call));
        settle(() => after(aggregate(looks), (made) => written(options, made, answers)), done);
      }),
    feedback: feedbackStep(options),
    recall:
      recall &&
      ((message, call, done) =>
        settle(() => blamingInput(() => recall(codec.feedback(message).id ?? call.id)), done)),
  };
};

/** What a model has answered is no fault of the client. */
const outputOf =
  <Carried>(
    options: BuiltInOptions<Carried>,
    output: NonNullable<BuiltInNode["output"]>,
  ): Step<Carried> =>
  (message, call, done) =>
    settle(
      () =>
        after(output(makeLook(options, message, call)), (made) =>
          written(options, made, [message]),
        ),
      done,
    );

/** What follows, at once where nothing has to be waited for. */
const after = <Made, Next>(
  made: Made | Promise<Made>,
  next: (made: Made) => Next,
): Next | Promise<Next> => (made instanceof Promise ? made.then(next) : next(made));

/** What has come from the client, and cannot be worked with, is told as the client's fault. */
const blamingInput = <T>(work: () => T | Promise<T>): T | Promise<T> => {
  try {
    const done = work();
    return done instanceof Promise ? done.catch(blame) : done;
  } catch (thrown) {
    return blame(thrown);
  }
};

const blame = (thrown: unknown): never => {
  const error = asEngineError(thrown);
  const isInput = error.code === "PAYLOAD_UNFIT" || error.code === "MESSAGE_UNREADABLE";
  throw isInput ? new EngineError("INPUT_UNFIT", error.message, { cause: error }) : error;
};

type How<Carried> = Pick<BuiltInOptions<Carried>, "name" | "codec" | "transforms">;

const written = <Carried>(
  { name, codec, transforms }: How<Carried>,
  outcome: Outcome,
  like: readonly Payload[],
): Payload => {
  const { numbers, tags, form } = outcome;
  const how = { form, transforms, name };
  const message = numbers === undefined ? like[0] : codec.write(numbers, like, how);
  if (message === undefined) throw asEngineError(new Error("a node made nothing of nothing"));
  return tags === undefined ? message : codec.tag(message, tags);
};

const makeLook = <Carried>(
  { codec, headerOf }: BuiltInOptions<Carried>,
  message: Payload,
  { id, carried, routes }: Call<Carried>,
): Look => {
  let numbers: NumericView | undefined;
  return {
    id,
    request: routes,
    numbers: () => {
      numbers ??= codec.view(message);
      return numbers;
    },
    json: () => codec.json(message),
    header: (name) => headerOf(carried, name),
  };
};

/** The route is what the walk has found out, by the feedback's routing or by the node's memory. */
const feedbackStep = <Carried>({
  name,
  node,
  codec,
}: BuiltInOptions<Carried>): Step<Carried> | undefined => {
  const { feedback } = node;
  if (feedback === undefined) return undefined;
  return (message, call, done) => {
    const route = call.routes.get(name);
    let read: FeedbackParts | undefined;
    const parts = (): FeedbackParts => {
      read ??= codec.feedback(message);
      return read;
    };
    const told: Feedback = {
      id: () => parts().id ?? call.id,
      reward: () => parts().reward,
      route: route === undefined || route < 0 ? undefined : route,
      request: () => parts().request(),
      truth: () => parts().truth(),
    };
    settle(
      () =>
        after(
          blamingInput(() => feedback(told)),
          () => message,
        ),
      done,
    );
  };
};
