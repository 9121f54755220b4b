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
    return Array.isArray(tensor["values"]) ? leaf(tensor["values"][0]) : undefined;
  if (isObject(tftensor))
    return Array.isArray(tftensor["intVal"]) ? leaf(tftensor["intVal"][0]) : undefined;
  return ALL;
};

const leaf = (value: unknown): number | undefined => {
  if (typeof value === "number") return Math.trunc(value);
  return typeof value === "string" ? 0 : undefined;
};
