import type { FeedbackRoutes } from "../engine/engine.ts";
import { ALL } from "../engine/node.ts";
import { EngineError } from "../errors.ts";
import type { Payload } from "../payload.ts";
import { plain } from "./plain.ts";
import type { Codec } from "./protocol.ts";
import { readView, writeView } from "./seldon-view.ts";
import { withRouting } from "./splice.ts";
import { isFeedback, isSeldonMessage } from "./strict.ts";

/** SeldonMessages as JSON. `limitBytes` bounds what a compressed one may unpack to. */
export const makeSeldonJson = (limitBytes: number): Codec => ({
  chain: (message) => message,
  join: (answers) => join(answers, limitBytes),
  route: (answer) => route(plain(answer, limitBytes)),
  feedbackRoutes: (message) => feedbackRoutes(message, limitBytes),
  record,
  view: (message) => readView(plain(message, limitBytes)),
  write: (view, like, form) =>
    writeView(
      view,
      like.map((one) => plain(one, limitBytes)),
      form,
    ),
});

const parseJson = (bytes: Buffer, what: string): unknown => {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("ROUTE_UNREADABLE", `${what} is not JSON: ${why}`, { cause });
  }
};

/** Children's bodies, byte for byte, as one JSON array. Source: engine contract, 6.5. */
const join = (answers: readonly Payload[], limitBytes: number): Payload => {
  const parts: Buffer[] = [];
  for (const answer of answers) {
    const body = plain(answer, limitBytes);
    if (!isJson(body)) throw new EngineError("MESSAGE_UNREADABLE", "Data is not JSON");
    parts.push(Buffer.from(parts.length === 0 ? "[" : ","), body);
  }
  return {
    body: Buffer.concat([...parts, Buffer.from(parts.length === 0 ? "[]" : "]")]),
    contentType: answers[0]?.contentType,
    contentEncoding: undefined,
  };
};

const isJson = (bytes: Buffer): boolean => {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
};

/** Only the first value of a router's answer counts. Source: engine contract, 6.4. */
const route = (bytes: Buffer): number => {
  const answer = parseJson(bytes, "the router's answer");
  const value = isSeldonMessage(answer) ? routeInMessage(answer) : routeInArray(answer);
  if (value === undefined || !Number.isSafeInteger(value) || value < -2) {
    throw new EngineError(
      "ROUTE_UNREADABLE",
      `the router's answer holds no route: ${excerpt(bytes)}; answer {"data":{"ndarray":[n]}} with n = -2, -1 or a child's index`,
    );
  }
  return value;
};

const excerpt = (bytes: Buffer): string => {
  const text = bytes.toString("utf8", 0, 200);
  return bytes.length > 200 ? `${text}…` : text;
};

const routeInArray = (answer: unknown): number | undefined =>
  Array.isArray(answer) && answer.every((one) => Number.isInteger(one)) ? answer[0] : undefined;

type Loose = Readonly<Record<string, unknown>>;

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

const isObject = (value: unknown): value is Loose => typeof value === "object" && value !== null;

const leaf = (value: unknown): number | undefined => {
  if (typeof value === "number") return Math.trunc(value);
  return typeof value === "string" ? 0 : undefined;
};

/** Source: engine contract, 6.7. */
const feedbackRoutes = (message: Payload, limitBytes: number): FeedbackRoutes => {
  let routing: Loose | undefined;
  try {
    const feedback: unknown = JSON.parse(plain(message, limitBytes).toString());
    if (isFeedback(feedback)) {
      const { response } = feedback as { response?: { meta?: { routing?: Loose } | null } | null }; // isFeedback has seen it
      routing = response?.meta?.routing ?? undefined;
    }
  } catch {
    // Feedback that is not JSON carries no routing: it goes to every child, as it does in v1.
  }
  return (node) => {
    const value = routing !== undefined && Object.hasOwn(routing, node) ? routing[node] : undefined;
    return value === undefined || value === null ? ALL : Number(value);
  };
};

const record = (message: Payload, taken: ReadonlyMap<string, number>): Payload => {
  if (message.contentEncoding !== undefined && message.contentEncoding !== "") return message;
  const routing = [...taken].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",");
  const body = withRouting(message.body, `{${routing}}`);
  return body === undefined ? message : { ...message, body };
};
