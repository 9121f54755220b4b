/** Requests and answers over REST as text: what the odd clients write and compare. */
import type { Asked, Outcome } from "./judge.ts";
import { jsonOf } from "./message.ts";

export const predictions = "/api/v1.0/predictions";

/** The request with that id and text. Source: engine contract, 2.1 and 2.2. */
export const requestOf = (id: string, text: string): string => {
  const body = jsonOf(text);
  return `POST ${predictions} HTTP/1.1\r\nHost: soak\r\nSeldon-Puid: ${id}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

export type RestAnswer = {
  readonly status: number;
  readonly id: string;
  readonly body: string;
  /** Of the whole answer. */
  readonly length: number;
};

/** The answer at the start of these bytes, once it is whole; the engine always says how long it is. */
export const answerIn = (text: string): RestAnswer | undefined => {
  const headLength = text.indexOf("\r\n\r\n");
  if (headLength < 0) return undefined;
  const head = text.slice(0, headLength);
  const start = headLength + 4;
  const length = start + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error(`no answer: ${text.slice(0, 200)}`);
  if (text.length < length) return undefined;
  return {
    status: Number(head.slice(9, 12)),
    id: /^seldon-puid: (.*)$/im.exec(head)?.[1] ?? "",
    body: text.slice(start, length),
    length,
  };
};

export const outcomeOf = (
  { status, id, body }: RestAnswer,
  asked: Asked,
  text: string,
): Outcome => {
  const what = `id ${id}, ${status}: ${body.slice(0, 300)}`;
  if (id !== asked.id) return { is: "wrong", what };
  if (status !== 200) return { is: "error", code: status, what };
  return body === jsonOf(text) ? { is: "right" } : { is: "wrong", what };
};
