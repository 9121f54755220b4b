/** Nodes by script, and calls to walk them with. */
import type { Call } from "../../../runtime/engine/call.ts";
import type { Node, Step } from "../../../runtime/engine/node.ts";
import { EngineError, type ErrorCode } from "../../../runtime/errors.ts";
import type { Payload } from "../../../runtime/payload.ts";
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
  (journal: Journal, name: string): Step =>
  async (message) => {
    journal.push(`${name}<${textOf(message)}`);
    return payload(`${textOf(message)} ${name}`);
  };

export const failing =
  (code: ErrorCode): (() => Promise<never>) =>
  async () => {
    throw new EngineError(code, `fails with ${code}`);
  };

/** A node without any step, but for those given. */
export const node = (name: string, over: Partial<Node> = {}): Node => ({
  name,
  children: [],
  input: undefined,
  route: undefined,
  aggregate: undefined,
  output: undefined,
  feedback: undefined,
  ...over,
});
