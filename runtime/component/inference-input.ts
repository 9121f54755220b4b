/** From the tensors of a `v2` request to the message that a component takes. */
import { kindOfDatatype } from "./inference-tensor.ts";
import { type InferRequest, type InferTensor, parametersOf } from "./inference-types.ts";
import type { JsonObject } from "./message.ts";
import { reshape } from "./tensor.ts";
import { ComponentError } from "./user.ts";

/**
 * One tensor is the array; several columns of one length are a table, whose columns are named as
 * they are; any other tensors are an object of arrays. The id is the puid, parameters are tags.
 *
 * @throws {ComponentError} 400
 */
export const messageOf = ({ inputs, id, parameters }: InferRequest): JsonObject => {
  const tags = parametersOf(parameters);
  const meta = { ...(id ? { puid: id } : {}), ...(tags === undefined ? {} : { tags }) };
  return { ...contentOf(inputs, parameters), meta };
};

const contentOf = (
  inputs: readonly InferTensor[],
  parameters: JsonObject | undefined,
): JsonObject => {
  const [first, ...others] = inputs;
  if (first === undefined) throw new ComponentError("the request has no inputs");
  if (isTable(inputs, parameters)) return { data: tableOf(inputs) };
  if (others.length === 0) {
    return { data: { names: namesOf(first), ...arrayOf(first.shape, first.data, [first]) } };
  }
  return {
    jsonData: Object.fromEntries(
      inputs.map(({ name, data, shape }) => [name, reshape(data, shape)]),
    ),
  };
};

/** A data frame, as MLServer calls it, is a table even if it has a single column. */
const isTable = (inputs: readonly InferTensor[], parameters: JsonObject | undefined): boolean => {
  if (inputs.length < 2 && parameters?.["content_type"] !== "pd") return false;
  const rows = inputs[0]?.shape[0];
  return inputs.every(
    ({ shape }) =>
      shape[0] === rows && (shape.length === 1 || (shape.length === 2 && shape[1] === 1)),
  );
};

const tableOf = (columns: readonly InferTensor[]): JsonObject => {
  const rows = columns[0]?.shape[0] ?? 0;
  const values = Array.from(
    { length: rows * columns.length },
    (_, i) => columns[i % columns.length]?.data[Math.floor(i / columns.length)],
  );
  return {
    names: columns.map(({ name }) => name),
    ...arrayOf([rows, columns.length], values, columns),
  };
};

/** Numbers fit a tensor; anything else is nested arrays. */
const arrayOf = (
  shape: readonly number[],
  values: readonly unknown[],
  tensors: readonly InferTensor[],
): JsonObject =>
  tensors.every(({ datatype, name }) => kindOfDatatype(datatype, name) === "number")
    ? { tensor: { shape, values } }
    : { ndarray: reshape(values, shape) };

/** Names of columns, as a component before this one wrote them. */
const namesOf = ({ parameters }: InferTensor): readonly string[] => {
  const written = parameters?.["names"];
  try {
    const names: unknown = typeof written === "string" ? JSON.parse(written) : written;
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : [];
  } catch {
    return []; // another server's parameter of that name
  }
};
