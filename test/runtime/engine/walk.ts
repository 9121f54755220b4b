/** Nodes by script, and calls to walk them with. */
import { type Done, promised, settle } from "../../../runtime/done.ts";
import type { Call } from "../../../runtime/engine/call.ts";
import type { Engine, FeedbackRoutes } from "../../../runtime/engine/engine.ts";
import type { Node } from "../../../runtime/engine/node.ts";
import { EngineError, type ErrorCode } from "../../../runtime/errors.ts";
import type { NodeClient } from "../../../runtime/graph.ts";
import type { Payload } from "../../../runtime/payload.ts";
import type { Verb } from "../../../runtime/protocol/protocol.ts";
import { makeScope } from "../../../runtime/scope.ts";

export const payload = (text: string): Payload => ({
  body: Buffer.from(text),
  contentType: "text/plain",
  contentEncoding: undefined,
});

export const textOf = ({ body }: Payload): string => body.toString();

export const makeCall = (over: Partial<Call> = {}): Call => ({
  id: "id-1",
  carried: undefined,
  modelName: undefined,
  scope: makeScope(),
  routes: new Map(),
  ...over,
});

/** What happened, in order: `node.step<message` for each call. */
export type Journal = string[];

/** A step that writes itself into the journal and appends its name to the message. */
export const step =
  (journal: Journal, name: string): Act =>
  async (message) => {
    journal.push(`${name}<${textOf(message)}`);
    return payload(`${textOf(message)} ${name}`);
  };

export const failing =
  (code: ErrorCode): (() => Promise<never>) =>
  async () => {
    throw new EngineError(code, `fails with ${code}`);
  };

type Act<Made = Payload, Given = Payload> = (given: Given, call: Call) => Made | Promise<Made>;

/** A node whose steps answer what they make, or promise it. */
export type Script = Partial<Pick<Node, "children" | "tap" | "heard">> & {
  readonly input?: Act;
  readonly route?: Act<number>;
  readonly aggregate?: Act<Payload, readonly Payload[]>;
  readonly output?: Act;
  readonly feedback?: Act | undefined;
  readonly recall?: Act<number | undefined>;
};

/** A node without any step, but for those given. */
export const node = (name: string, script: Script = {}): Node => ({
  name,
  children: [],
  ...script,
  input: stepOf(script.input),
  route: stepOf(script.route),
  aggregate: stepOf(script.aggregate),
  output: stepOf(script.output),
  feedback: stepOf(script.feedback),
  recall: stepOf(script.recall),
});

const stepOf = <Made, Given>(act: Act<Made, Given> | undefined) =>
  act &&
  ((given: Given, call: Call, done: Done<Made>): void => settle(() => act(given, call), done));

/** What calls a container that answers what this makes, or promises it. */
export const calling =
  <Carried>(
    act: (verb: Verb, message: Payload | undefined, call: Call<Carried>) => Promise<Payload>,
  ): NodeClient<Carried>["call"] =>
  (verb, message, call, done) =>
    settle(() => act(verb, message, call), done);

export const predicted = <Carried>(
  engine: Engine<Carried>,
  message: Payload,
  call: Call<Carried>,
): Promise<Payload> => promised((done) => engine.predict(message, call, done));

export const heard = <Carried>(
  engine: Engine<Carried>,
  message: Payload,
  call: Call<Carried>,
  routes: FeedbackRoutes,
): Promise<Payload> => promised((done) => engine.feedback(message, call, { routes, done }));
