import { giveBack, takeBody } from "../body-pool.ts";
import { EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";

export const broken = (why: string): EngineError =>
  new EngineError("NODE_PROTOCOL", `the node's answer is not valid HTTP: ${why}`);

const tooLarge = (limits: Limits): EngineError =>
  new EngineError(
    "NODE_PROTOCOL",
    `the node's answer is larger than ${limits.maxBodyBytes} bytes (--max_body_bytes)`,
  );

export type BodySink = {
  /** Announces the whole length, so that the body is copied into place once. */
  expect(bytes: number): void;
  /** Copies what has come. */
  add(part: Buffer, from: number, to: number): void;
  bytes(): number;
  /** Hands the body over; the next may begin. */
  whole(): Buffer;
  /** Forgets what has come. */
  drop(): void;
};

const nothing = Buffer.alloc(0);

/**
 * Collects one body after the other. A large one is in pooled memory, and its reader's to give back.
 *
 * @throws {EngineError} NODE_PROTOCOL when it passes the limit.
 */
export const makeBodySink = (limits: Limits): BodySink => {
  let expected = 0;
  let received = 0;
  let place: Buffer = nothing;

  const clear = (): void => {
    expected = 0;
    received = 0;
    place = nothing;
  };

  const move = (bytes: number): void => {
    const larger = takeBody(bytes);
    place.copy(larger, 0, 0, received);
    giveBack(place);
    place = larger;
  };

  return {
    expect: (bytes) => {
      if (bytes > limits.maxBodyBytes) throw tooLarge(limits);
      expected = bytes;
    },
    add: (part, from, to) => {
      const needed = received + to - from;
      if (needed > limits.maxBodyBytes) throw tooLarge(limits);
      if (needed > place.length) move(Math.max(expected, needed, 2 * place.length));
      part.copy(place, received, from, to);
      received = needed;
    },
    bytes: () => received,
    whole: () => {
      if (place.length > received) move(received);
      const body = place;
      clear();
      return body;
    },
    drop: () => {
      giveBack(place);
      clear();
    },
  };
};

export type ChunkReader = {
  /** Hands over the data found in `bytes`; answers how many bytes are left once the body has ended. */
  read(bytes: Buffer, add: BodySink["add"]): number | undefined;
};

const longestLine = 4096;

/** The chunked coding. Extensions and trailers are read and dropped. Source: RFC 9112, 7.1. */
export const makeChunkReader = (): ChunkReader => {
  let line = "";
  let missing = 0; // bytes of the current chunk that have not come
  let state: "size" | "data" | "data-end" | "trailer" | "done" = "size";

  const onSize = (text: string): void => {
    const size = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?$/.exec(text)?.[1];
    if (size === undefined) throw broken("a chunk has no size");
    missing = Number.parseInt(size, 16);
    state = missing === 0 ? "trailer" : "data";
  };

  const onDataEnd = (text: string): void => {
    if (text !== "") throw broken("a chunk is longer than it says");
    state = "size";
  };

  const onLine = (text: string): void => {
    if (state === "size") onSize(text);
    else if (state === "data-end") onDataEnd(text);
    else if (text === "") state = "done";
  };

  const readLine = (bytes: Buffer, at: number): number => {
    const end = bytes.indexOf(10, at);
    line += bytes.toString("latin1", at, end < 0 ? bytes.length : end);
    if (line.length > longestLine) throw broken("a line between chunks is too long");
    if (end < 0) return bytes.length;
    if (!line.endsWith("\r")) throw broken("a line between chunks does not end in CRLF");
    const text = line.slice(0, -1);
    line = "";
    onLine(text);
    return end + 1;
  };

  const readData = (bytes: Buffer, at: number, add: BodySink["add"]): number => {
    const end = Math.min(bytes.length, at + missing);
    add(bytes, at, end);
    missing -= end - at;
    if (missing === 0) state = "data-end";
    return end;
  };

  return {
    read: (bytes, add) => {
      let at = 0;
      while (at < bytes.length && state !== "done") {
        at = state === "data" ? readData(bytes, at, add) : readLine(bytes, at);
      }
      return state === "done" ? bytes.length - at : undefined;
    },
  };
};
