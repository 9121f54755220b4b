/** The value of a request by which it sticks to a child: of a header, or of a field of the message. */
import { EngineError } from "../errors.ts";
import type { Look } from "./node.ts";

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The field as a text: a column by its name, or a member by its path, whose steps are parted by
 * dots (`jsonData.user.id`, `parameters.user`). Of several rows the first counts. Undefined where
 * the message has no such field, or no text, number or truth value in it.
 */
export const fieldOf = (look: Look, field: string): string | undefined => {
  const message = jsonOf(look);
  return isObject(message) ? (columnOf(message, field) ?? memberOf(message, field)) : undefined;
};

const jsonOf = (look: Look): unknown => {
  try {
    return look.json();
  } catch (thrown) {
    if (thrown instanceof EngineError) return undefined; // what is no JSON has no field
    throw thrown;
  }
};

/** The first scalar in arrays, as a text. */
const textOf = (value: unknown): string | undefined => {
  let inner = value;
  while (Array.isArray(inner)) inner = inner[0];
  return ["string", "number", "boolean"].includes(typeof inner) ? String(inner) : undefined;
};

/** In the way of each protocol: `data.names`, tensors by name, instances and inputs by name. */
const columnOf = (message: Loose, column: string): string | undefined => {
  const { data, inputs, instances } = message;
  if (isObject(data)) return ofSeldon(data, column);
  if (Array.isArray(inputs)) {
    const tensor = inputs.filter(isObject).find(({ name }) => name === column);
    return textOf(tensor?.["data"]);
  }
  const [first] = Array.isArray(instances) ? instances : [inputs];
  return isObject(first) && Object.hasOwn(first, column) ? textOf(first[column]) : undefined;
};

const ofSeldon = ({ names, ndarray, tensor }: Loose, column: string): string | undefined => {
  const at = Array.isArray(names) ? names.indexOf(column) : -1;
  if (at < 0) return undefined;
  const values = isObject(tensor) ? tensor["values"] : ndarray;
  if (!Array.isArray(values)) return undefined;
  const [row] = values;
  return textOf(Array.isArray(row) ? row[at] : values[at]);
};

const memberOf = (message: Loose, path: string): string | undefined => {
  let value: unknown = message;
  for (const step of path.split(".")) {
    if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return textOf(value);
};
