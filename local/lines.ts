import { StringDecoder } from "node:string_decoder";

/** Longer lines are cut here: a program that never ends a line must not fill the memory. */
export const longestLine = 16_384;

export type Lines = {
  push(chunk: Buffer): void;
  /** Hands over what is left without an end of line. */
  end(): void;
};

/**
 * Cuts a stream of bytes into lines of text, whatever the chunks it comes in.
 *
 * UTF-8 characters that are split between chunks stay whole; CRLF counts as an end of line. The
 * rest of a line beyond `limit` characters is dropped, and the line says so.
 */
export const makeLines = (onLine: (line: string) => void, limit = longestLine): Lines => {
  const decoder = new StringDecoder("utf8");
  let held = "";
  let dropped = 0;

  const keep = (text: string): void => {
    const room = limit - held.length;
    held += text.length > room ? text.slice(0, room) : text;
    dropped += Math.max(0, text.length - room);
  };

  const finish = (): void => {
    const line = held.endsWith("\r") ? held.slice(0, -1) : held;
    onLine(dropped === 0 ? line : `${line} [${dropped} characters cut]`);
    held = "";
    dropped = 0;
  };

  const take = (text: string): void => {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      keep(text.slice(from, end));
      finish();
      from = end + 1;
    }
    keep(text.slice(from));
  };

  return {
    push: (chunk) => take(decoder.write(chunk)),
    end: () => {
      take(decoder.end());
      if (held !== "" || dropped > 0) finish();
    },
  };
};
