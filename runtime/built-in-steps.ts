/** The steps of a built-in node, between the engine's messages and the numbers that it sees. */
import type { Call } from "./engine/call.ts";
import type { Node, Step } from "./engine/node.ts";
import { asEngineError } from "./errors.ts";
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
      async (message, call) => written(options, await work(look(message, call)), [message]),
      log,
    );
  const { route, aggregate, recall } = node;
  return {
    input: step(node.input),
    output: step(node.output),
    route: route && ((message, call) => route(look(message, call))),
    aggregate:
      aggregate &&
      (async (answers, call) =>
        written(options, await aggregate(answers.map((one) => look(one, call))), answers)),
    feedback: feedbackStep(options),
    recall: recall && ((message, call) => recall(codec.feedback(message).id ?? call.id)),
  };
};

type How<Carried> = Pick<BuiltInOptions<Carried>, "codec" | "transforms">;

const written = <Carried>(
  { codec, transforms }: How<Carried>,
  outcome: Outcome,
  like: readonly Payload[],
): Payload => {
  const { numbers, tags, form } = outcome;
  const how = { form, transforms };
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
  return async (message, call) => {
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
    await feedback(told);
    return message;
  };
};
