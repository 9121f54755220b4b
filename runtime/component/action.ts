/** What a component is asked to do, and the methods of a class that take the whole message. Source: engine contract, 11.4. */
import { absent, call } from "./call.ts";
import { ComponentError, type Model } from "./user.ts";

export const actions = [
  "predict",
  "transformInput",
  "transformOutput",
  "route",
  "aggregate",
  "sendFeedback",
] as const;
export type Action = (typeof actions)[number];

/** By what a request came. */
export type Transport = "rest" | "grpc";

type RawMethod = `${Action}${"Rest" | "Grpc" | "Raw"}`;

/** In the order in which they are tried; a prediction and feedback pass over those of the other transport. */
const rawMethods = (action: Action, transport: Transport): readonly RawMethod[] => {
  const [own, other]: readonly ["Rest" | "Grpc", "Rest" | "Grpc"] =
    transport === "rest" ? ["Rest", "Grpc"] : ["Grpc", "Rest"];
  return action === "predict" || action === "sendFeedback"
    ? [`${action}${own}`, `${action}Raw`]
    : [`${action}${own}`, `${action}${other}`, `${action}Raw`];
};

/** Whether an action is first tried on a method that takes the message as it is. */
export const isRaw = (model: Model, action: Action, transport: Transport): boolean =>
  rawMethods(action, transport).some((name) => typeof model[name] === "function");

/** Whether the class has a method for an action, over any transport. */
export const isOffered = (model: Model, action: Action): boolean =>
  typeof model[action] === "function" ||
  isRaw(model, action, "rest") ||
  isRaw(model, action, "grpc") ||
  (action === "predict" && (model.inferRaw ?? model.predictStream) !== undefined);

/** What the first raw method for an action returned, as it is; `absent` if there is none. */
export const callRaw = async (
  model: Model,
  action: Action,
  transport: Transport,
  message: unknown,
): Promise<unknown> => {
  for (const name of rawMethods(action, transport)) {
    const returned = await call(model, name, [message]);
    if (returned !== absent) return required(returned, name);
  }
  return absent;
};

/** @throws {ComponentError} 500 for nothing. */
export const required = (returned: unknown, name: string): unknown => {
  if (returned !== undefined) return returned;
  throw new ComponentError(`${name} returned nothing: return the message to send`, {
    status: 500,
    reason: "MICROSERVICE_INTERNAL_ERROR",
  });
};
