/** Answers in parts over REST: server-sent events. Source: the HTML standard, server-sent events. */
import { Readable } from "node:stream";
import type { HttpRequest, HttpStream } from "../server/http.ts";
import { cors } from "./cors.ts";
import { headerOf } from "./decode.ts";

/** Whether the client wants events. */
export const wantsEvents = ({ headers }: HttpRequest): boolean =>
  /\btext\/event-stream\b/i.test(headerOf(headers, "accept") ?? "");

const eventHeaders = [
  ...["Content-Type", "text/event-stream", "Cache-Control", "no-cache"],
  ...cors,
] as const;

/**
 * An event for each part. What fails before the first one fails as any request does; after it the
 * last event tells, in the words of `failed`.
 */
export const answerEvents = async (
  parts: AsyncGenerator<string>,
  failed: (thrown: unknown) => string,
): Promise<HttpStream> => {
  const first = await parts.next();
  const events = async function* (): AsyncGenerator<string> {
    if (first.done) return;
    yield eventOf(first.value);
    try {
      for await (const part of parts) yield eventOf(part);
    } catch (thrown) {
      yield eventOf(failed(thrown));
    }
  };
  const stream = Readable.from(events(), { objectMode: false });
  // a client that leaves before it reads must end the generator too
  stream.on("close", () => void parts.return(undefined).catch(() => {}));
  return { status: 200, headers: eventHeaders, stream };
};

const eventOf = (part: string): string => `data: ${part}\n\n`;
