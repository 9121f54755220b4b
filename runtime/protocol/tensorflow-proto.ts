/** Messages of the protocol `tensorflow` over gRPC, as bytes. Source: engine contract, 3.4. */
import type { NumericView } from "../nodes/view.ts";
import type { Payload } from "../payload.ts";
import { finite, nest, unfit } from "./nested.ts";
import type { Codec } from "./protocol.ts";
import { routeInProto } from "./route-reply.ts";
import { readFeedback, routesOf } from "./seldon-proto-meta.ts";
import {
  firstOfTensorProto,
  floatTensorProto,
  isFloat,
  readTensorProto,
  tensorProto,
} from "./tensor-proto.ts";
import { embedded, fields, invalidType, LENGTH, mapEntries, slice, without } from "./wire.ts";
import { lengthField, protoPayload, textField } from "./wire-write.ts";

const requestName = "tensorflow.serving.PredictRequest";
const responseName = "tensorflow.serving.PredictResponse";

/** What a client may send; nodes take all of it. */
const requests = new Set([
  requestName,
  "tensorflow.serving.ClassificationRequest",
  "tensorflow.serving.RegressionRequest",
  "tensorflow.serving.MultiInferenceRequest",
]);

type Fields = { readonly spec: number; readonly tensors: number };

/** Where a PredictRequest and a PredictResponse have their model_spec and their map of tensors. */
const request: Fields = { spec: 1, tensors: 2 };
const response: Fields = { spec: 2, tensors: 1 };

const fieldsOf = (message: string): Fields => {
  if (message === requestName) return request;
  if (message === responseName) return response;
  throw invalidType(message);
};

const chain = (payload: Payload, model: string): Payload => {
  const { message = "", body } = payload;
  if (requests.has(message)) return payload;
  if (message !== responseName) throw invalidType(message);
  const pieces: Buffer[] = [...lengthField(request.spec, textField(1, model))];
  for (const field of fields(body)) {
    if (field.number === response.tensors && field.wire === LENGTH) {
      pieces.push(...lengthField(request.tensors, [slice(body, field)]));
    }
  }
  return protoPayload(requestName, pieces);
};

/** One request with the tensors of all answers, each called `<child>/<name>`. */
const join = (answers: readonly Payload[], model: string): Payload =>
  protoPayload(requestName, [
    ...lengthField(request.spec, textField(1, model)),
    ...answers.flatMap(({ message = "", body }, child) =>
      mapEntries(body, fieldsOf(message).tensors).flatMap(({ key, entry }) =>
        lengthField(request.tensors, [...textField(1, `${child}/${key}`), ...without(entry, 1)]),
      ),
    ),
  ]);

/** A map has no order of its own: the first tensor is that whose name comes first. */
const firstTensor = ({
  message = "",
  body,
}: Payload): { name: string; tensor: Buffer } | undefined => {
  let first: { key: string; entry: Buffer } | undefined;
  for (const one of mapEntries(body, fieldsOf(message).tensors)) {
    if (first === undefined || one.key <= first.key) first = one;
  }
  return first && { name: first.key, tensor: embedded(first.entry, 2) ?? Buffer.alloc(0) };
};

const view = (message: Payload): NumericView => {
  const first = firstTensor(message);
  if (first === undefined) throw unfit("it has no tensor");
  const place = `tensor "${first.name.slice(0, 100)}"`;
  return { ...readTensorProto(first.tensor, place), names: [] };
};

/** By column, as over REST; all tensors have to be of numbers. */
const asJson = ({ message = "", body }: Payload): unknown => {
  const tensors = mapEntries(body, fieldsOf(message).tensors).map(({ key, entry }) => {
    const tensor = embedded(entry, 2) ?? Buffer.alloc(0);
    const { shape, values } = readTensorProto(tensor, `tensor "${key.slice(0, 100)}"`);
    return [key, nest(finite(values), shape)] as const;
  });
  return { [message === requestName ? "inputs" : "outputs"]: Object.fromEntries(tensors) };
};

/**
 * A response with one tensor of doubles, with the name and model_spec of `like`. That of a request
 * keeps its name, and 32 bits, if the numbers are made of it alone (`transforms`).
 */
const write = (numbers: NumericView, like: Payload | undefined, transforms = false): Payload => {
  const isPredict = like?.message === requestName || like?.message === responseName;
  const spec = isPredict ? embedded(like.body, fieldsOf(like.message ?? "").spec) : undefined;
  const kept = isPredict && (transforms || like.message === responseName);
  const first = kept ? firstTensor(like) : undefined;
  const isShort = transforms && first !== undefined && isFloat(first.tensor);
  return protoPayload(responseName, [
    ...lengthField(response.tensors, [
      ...textField(1, first?.name ?? "outputs"),
      ...lengthField(2, isShort ? floatTensorProto(numbers) : tensorProto(numbers)),
    ]),
    ...(spec === undefined ? [] : lengthField(response.spec, [spec])),
  ]);
};

export const tensorflowProto: Codec = {
  chain,
  join,
  route: (answer) =>
    routeInProto(answer.body, () => {
      const first = firstTensor(answer);
      return first && firstOfTensorProto(first.tensor);
    }),
  // Containers get no feedback in this protocol, and its messages have no meta.
  takesFeedback: false,
  feedbackRoutes: ({ body }) => routesOf(body),
  feedback: ({ body }) => readFeedback(body),
  tag: (message) => message,
  json: asJson,
  record: (message) => message,
  view,
  write: (numbers, like, how) => write(numbers, like[0], how?.transforms),
};
