/** Messages of the protocol `v2` over gRPC, as bytes. Source: engine contract, 3.5. */
import type { NumericView } from "../nodes/view.ts";
import type { Payload } from "../payload.ts";
import { asJson } from "./open-inference-proto-json.ts";
import {
  firstValue,
  rawOf,
  readFirst,
  requestName,
  responseName,
  tensorsField,
  tensorsOf,
} from "./open-inference-tensor.ts";
import type { Codec, HowToWrite } from "./protocol.ts";
import { routeInProto } from "./route-reply.ts";
import { readFeedback, routesOf } from "./seldon-proto-meta.ts";
import { fields, invalidType, LENGTH, slice, textOf, wholeField, without } from "./wire.ts";
import {
  doublesField,
  floatsField,
  integersField,
  lengthField,
  mergedMap,
  type Pieces,
  protoPayload,
  textField,
  varintField,
} from "./wire-write.ts";

/** Fields of a ModelInferRequest, and of a ModelInferResponse where they are the same. */
const nameField = 1;
const idField = 3;
const parametersField = 4;
const rawInputs = 7;
const rawOutputs = 6;

/** @throws {EngineError} MESSAGE_UNREADABLE for a message that is neither request nor response. */
const chain = (payload: Payload, model: string): Payload => {
  const { message = "", body } = payload;
  if (message === requestName) return named(payload, model);
  if (message !== responseName) throw invalidType(message);
  const pieces: Buffer[] = [...textField(nameField, model)];
  for (const field of fields(body)) {
    if (field.wire !== LENGTH) continue;
    // Parameters and tensors have the same numbers in both messages.
    if (field.number === parametersField || field.number === tensorsField) {
      pieces.push(wholeField(body, field));
    }
    if (field.number === rawOutputs) pieces.push(...lengthField(rawInputs, [slice(body, field)]));
  }
  return protoPayload(requestName, pieces);
};

/** A request that names no model names this one. */
const named = (request: Payload, model: string): Payload => {
  const { body } = request;
  if (textOf(body, nameField) !== "") return request;
  const pieces = [...textField(nameField, model), ...without(body, nameField)];
  return { ...request, body: Buffer.concat(pieces) };
};

/** The parameter of a joined tensor that says whose answer it was in. */
const childParameter = "espalier.child";

/**
 * One request with the tensors of all answers, in the order of the children. Contents are raw if
 * any of them are: a request has raw contents for all of its tensors or for none.
 */
const join = (answers: readonly Payload[], model: string): Payload => {
  const parts = answers.map(tensorsOf);
  const raw = parts.some(({ raws }) => raws.length > 0);
  const bodies = answers.map(({ body }) => body);
  return protoPayload(requestName, [
    ...textField(nameField, model),
    ...mergedMap(bodies, parametersField),
    ...parts.flatMap(({ tensors }, child) =>
      tensors.flatMap((tensor) => {
        const kept = raw ? without(tensor, 5) : [tensor];
        return lengthField(tensorsField, [...kept, ...parameterOf(child)]);
      }),
    ),
    ...(raw ? parts : []).flatMap(({ tensors, raws }) =>
      (raws.length > 0 ? raws : tensors.map(rawOf)).flatMap((one) => lengthField(rawInputs, [one])),
    ),
  ]);
};

const parameterOf = (child: number): Pieces =>
  lengthField(parametersField, [
    ...textField(1, childParameter),
    ...lengthField(2, varintField(2, child)),
  ]);

/**
 * A response with one tensor of FP64, raw if `like` is, with its name, id and parameters. That of a
 * request keeps its name, and 32 bits, if the numbers are made of it alone (`transforms`).
 */
const write = (
  { shape, values }: NumericView,
  like: Payload | undefined,
  { transforms = false, name = "" }: HowToWrite = {},
): Payload => {
  const { tensors, raws } = like === undefined ? { tensors: [], raws: [] } : tensorsOf(like);
  const body = like?.body ?? Buffer.alloc(0);
  const [first] = transforms || like?.message === responseName ? tensors : [];
  const isShort = transforms && first !== undefined && textOf(first, 2) === "FP32";
  // tag and length, then the values as they are raw
  const packed = isShort ? floatsField(6, values) : doublesField(7, values);
  const isRaw = raws.length > 0;
  const tensor = [
    ...textField(1, first === undefined ? "output" : textOf(first, 1)),
    ...textField(2, isShort ? "FP32" : "FP64"),
    ...integersField(3, shape),
    ...(isRaw ? [] : lengthField(5, packed)),
  ];
  return protoPayload(responseName, [
    ...[nameField, idField].flatMap((number) => {
      const text = textOf(body, number) || (number === nameField ? name : "");
      return text === "" ? [] : textField(number, text);
    }),
    ...mergedMap([body], parametersField),
    ...lengthField(tensorsField, tensor),
    ...(isRaw ? lengthField(rawOutputs, packed.slice(1)) : []),
  ]);
};

/** Parameters behind the message's own: of entries of a map with one key the last one counts. */
const withParameters = (message: Payload, tags: Readonly<Record<string, unknown>>): Payload => {
  const entries = Object.entries(tags).flatMap(([name, value]) =>
    lengthField(parametersField, [...textField(1, name), ...lengthField(2, inferParameter(value))]),
  );
  return { ...message, body: Buffer.concat([message.body, ...entries]) };
};

/** There are but three kinds, of which none is a fraction: anything else is its JSON. */
const inferParameter = (value: unknown): Pieces => {
  if (typeof value === "boolean") return varintField(1, Number(value));
  if (Number.isSafeInteger(value)) return varintField(2, Number(value));
  return textField(3, typeof value === "string" ? value : JSON.stringify(value));
};

export const openInferenceProto: Codec = {
  chain,
  join,
  route: (answer) => routeInProto(answer.body, () => firstValue(tensorsOf(answer))),
  // The protocol has no feedback, and its messages no meta.
  takesFeedback: false,
  feedbackRoutes: ({ body }) => routesOf(body),
  feedback: ({ body }) => readFeedback(body),
  tag: (message, tags) => withParameters(message, tags),
  json: asJson,
  record: (message) => message,
  view: (message) => ({ ...readFirst(tensorsOf(message)), names: [] }),
  write: (view, like, how) => write(view, like[0], how),
};
