import type { HttpReply } from "./reply-reader.ts";

/** The first value of a header; `name` in lower case. */
export const replyHeader = ({ headers }: HttpReply, name: string): string | undefined => {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
};
