/** A router's answer as a route: an index, ALL or NONE. Source: engine contract, 6.4. */
import { ALL } from "../engine/node.ts";
import { EngineError } from "../errors.ts";
import { isSeldonMessage } from "./strict.ts";

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose => typeof value === "object" && value !== null;

/** The value if it is a route. @throws {EngineError} ROUTE_UNREADABLE, with `said` of the answer. */
export const checkedRoute = (value: number | undefined, said: string): number => {
  if (value !== undefined && Number.isSafeInteger(value) && value >= -2) return value;
  throw new EngineError(
    "ROUTE_UNREADABLE",
    `the router's answer holds no route: ${said}; answer {"data":{"ndarray":[n]}} with n = -2, -1 or a child's index`,
  );
};

/** The route that `read` finds in a message of `bytes`. @throws {EngineError} ROUTE_UNREADABLE */
export const routeInProto = (bytes: Buffer, read: () => number | undefined): number => {
  let value: number | undefined;
  try {
    value = read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("ROUTE_UNREADABLE", `the router's answer: ${why}`, { cause });
  }
  const said = `a message of ${bytes.length} bytes without a first number`;
  return checkedRoute(value === undefined ? undefined : Math.trunc(value), said);
};

/** @throws {EngineError} ROUTE_UNREADABLE */
export const parseReply = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("ROUTE_UNREADABLE", `the router's answer is not JSON: ${why}`, { cause });
  }
};

export const excerpt = (bytes: Buffer): string => {
  const text = bytes.toString("utf8", 0, 200);
  return bytes.length > 200 ? `${text}…` : text;
};

/** The first value of a SeldonMessage or of a bare array of integers; undefined if it has none. */
export const routeInJson = (answer: unknown): number | undefined =>
  isSeldonMessage(answer) ? routeInMessage(answer) : routeInArray(answer);

const routeInArray = (answer: unknown): number | undefined =>
  Array.isArray(answer) && answer.every((one) => Number.isInteger(one)) ? answer[0] : undefined;

const routeInMessage = (answer: unknown): number | undefined => {
  const { data } = answer as { data?: Loose | null }; // isSeldonMessage has seen it
  if (data === undefined || data === null) return undefined;
  const { ndarray, tensor, tftensor } = data;
  if (Array.isArray(ndarray)) {
    const [row] = ndarray;
    return leaf(Array.isArray(row) ? row[0] : row);
  }
  if (isObject(tensor))
    return Array.isArray(tensor["values"]) ? protoNumber(tensor["values"][0]) : undefined;
  if (isObject(tftensor)) {
    const values = tftensor["intVal"] ?? tftensor["int_val"];
    return Array.isArray(values) ? protoNumber(values[0]) : undefined;
  }
  return ALL;
};

/** v1 reads whatever is no number as 0. */
const leaf = (value: unknown): number | undefined => {
  if (value === undefined) return undefined;
  return typeof value === "number" ? Math.trunc(value) : 0;
};

/** Proto3 JSON also writes numbers as strings. */
const protoNumber = (value: unknown): number | undefined =>
  typeof value === "string" || typeof value === "number" ? Math.trunc(Number(value)) : undefined;
