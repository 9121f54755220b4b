/** Answers on a plain connection. */
import { pipeline, Writable } from "node:stream";
import { giveBack } from "../../body-pool.ts";
import type { HttpAnswer, HttpRequest, HttpStream } from "../http.ts";
import { isBodiless } from "./answer-head.ts";
import { failureOf } from "./edge.ts";
import type { Plain } from "./plain.ts";

/** Tells that the next request may be served. Not told where the connection ends. */
export type Out = (plain: Plain) => void;

/** A body up to this size goes out in one piece with its head: a second write costs more than a copy. */
const largestJoinedBytes = 16_384;

/** Answers the request that is in work; any other, and any second answer, is ignored. */
export const respond = (
  plain: Plain,
  request: HttpRequest,
  answer: HttpAnswer | HttpStream,
  out: Out,
): void => {
  if (plain.working !== request || plain.answered) {
    if ("stream" in answer) answer.stream.destroy();
    return;
  }
  const { edge } = plain.shared;
  plain.answered = true;
  plain.last ||= edge.retiring;
  try {
    write(plain, request, answer, out);
  } catch (thrown) {
    if ("stream" in answer) answer.stream.destroy();
    writeFailure(plain, request, failureOf(edge, thrown), out); // nothing was written: the head was at fault
  }
};

const writeFailure = (plain: Plain, request: HttpRequest, failure: HttpAnswer, out: Out): void => {
  try {
    write(plain, request, failure, out);
  } catch {
    plain.socket.destroy(); // there are no words for it
  }
};

const write = (
  plain: Plain,
  request: HttpRequest,
  answer: HttpAnswer | HttpStream,
  out: Out,
): void => {
  if (!("stream" in answer)) writeWhole(plain, request, answer, out);
  else if (request.method === "HEAD" || isBodiless(answer.status)) {
    const { shared, last } = plain;
    writeText(plain, shared.writeHead(answer, { length: undefined, last }), out);
    answer.stream.destroy();
  } else writeParts(plain, answer, out);
};

const writeText = (plain: Plain, text: string, out: Out): void => {
  const { socket } = plain;
  if (socket.writable) finish(plain, socket.write(text, "latin1"), out); // else the client leaves
};

const writeWhole = (plain: Plain, request: HttpRequest, answer: HttpAnswer, out: Out): void => {
  const { socket, shared, last } = plain;
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  const bodiless = isBodiless(answer.status);
  const length = bodiless ? undefined : (body?.length ?? 0);
  const head = shared.writeHead(answer, { length, last });
  const unsent = body === undefined || bodiless || request.method === "HEAD";
  if (unsent || body.length <= largestJoinedBytes) {
    const text = unsent ? head : head + body.toString("latin1");
    if (answer.poolable) giveAllBack(request, answer);
    writeText(plain, text, out);
  } else if (socket.writable) {
    socket.cork();
    socket.write(head, "latin1");
    const flushed = socket.write(body, answer.poolable ? whenSent(request, answer) : undefined);
    socket.uncork();
    finish(plain, flushed, out);
  }
};

const giveAllBack = ({ body }: HttpRequest, { bodies }: HttpAnswer): void => {
  giveBack(body);
  if (bodies !== undefined) for (const one of bodies) giveBack(one);
};

/** What could not be sent may still be read by the system, and is left to the garbage collector. */
const whenSent =
  (request: HttpRequest, answer: HttpAnswer) =>
  (error?: Error | null): void => {
    if (!error) giveAllBack(request, answer);
  };

const finish = (plain: Plain, flushed: boolean, out: Out): void => {
  if (plain.last) plain.socket.destroySoon();
  else if (flushed) out(plain);
  else plain.onDrain = () => out(plain);
};

const writeParts = (plain: Plain, answer: HttpStream, out: Out): void => {
  const { socket, shared, last } = plain;
  const head = shared.writeHead(answer, { length: "chunked", last });
  if (!socket.writable) {
    answer.stream.destroy();
    return;
  }
  socket.write(head, "latin1");
  const parts = makeParts(plain);
  plain.parts = parts;
  pipeline(answer.stream, parts, (error) => {
    plain.parts = undefined;
    if (error) socket.destroy();
    else finish(plain, true, out);
  });
};

/** Source: RFC 9112, 7.1. */
const makeParts = (plain: Plain): Writable => {
  const { socket } = plain;
  return new Writable({
    write: (part: Buffer, _encoding, done) => {
      if (part.length === 0) {
        done(); // it would be the end
        return;
      }
      socket.cork();
      socket.write(`${part.length.toString(16)}\r\n`, "latin1");
      socket.write(part);
      const flushed = socket.write("\r\n", "latin1");
      socket.uncork();
      if (flushed) done();
      else plain.onDrain = done;
    },
    final: (done) => {
      socket.write("0\r\n\r\n", "latin1");
      done();
    },
  });
};
