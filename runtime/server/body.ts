import type { IncomingMessage, ServerResponse } from "node:http";
import { EngineError } from "../errors.ts";

const empty = Buffer.alloc(0);

/** Up to this size memory is taken on the word of Content-Length; beyond it, only for what has come. */
const largestAtOnceBytes = 1_048_576;

const tooLarge = (limitBytes: number): EngineError =>
  new EngineError(
    "BODY_TOO_LARGE",
    `the request's body is larger than ${limitBytes} bytes (--max_body_bytes)`,
  );

/**
 * Reads a whole request body.
 *
 * A client that waits for it (`Expect: 100-continue`) is told to go on, but only if the announced
 * length is within the limit.
 *
 * @throws {EngineError} BODY_TOO_LARGE as soon as the announced or received length passes
 * `limitBytes`; CLIENT_GONE when the client leaves before the end.
 */
export const readBody = (
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
): Promise<Buffer> => {
  const { headers } = request;
  const announced = Number(headers["content-length"] ?? -1);
  if (announced > limitBytes) return Promise.reject(tooLarge(limitBytes));
  // HTTP/1.0 knows no interim answers. Source: RFC 9110, 10.1.1.
  if (headers.expect === undefined || request.httpVersion === "1.0") {
    return readAnnounced(request, announced, limitBytes);
  }
  return itsTurn(request, response).then(() => {
    response.writeContinue();
    return readAnnounced(request, announced, limitBytes);
  });
};

/**
 * Resolves once the answers to the requests before it in a pipeline are written: an interim answer
 * that node:http keeps until then would go out between the head and the body of the final one.
 */
const itsTurn = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  if (response.socket !== null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    response.once("socket", () => resolve());
    request.once("close", () => reject(clientGone()));
    request.on("error", () => {}); // "close" follows
  });
};

const clientGone = (): EngineError =>
  new EngineError("CLIENT_GONE", "the client left before the end of its request");

const readAnnounced = (
  request: IncomingMessage,
  announced: number,
  limitBytes: number,
): Promise<Buffer> => {
  if (announced === 0 || (announced < 0 && request.headers["transfer-encoding"] === undefined)) {
    request.resume();
    return Promise.resolve(empty);
  }
  return collect(request, announced <= largestAtOnceBytes ? announced : -1, limitBytes);
};

const collect = (
  request: IncomingMessage,
  announced: number,
  limitBytes: number,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    let whole: Buffer | undefined; // the only chunk, or the buffer that an announced length fills
    let chunks: Buffer[] | undefined;
    let received = 0;

    request.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > limitBytes) {
        request.removeAllListeners("data");
        reject(tooLarge(limitBytes));
      } else if (announced < 0) {
        chunks ??= [];
        chunks.push(chunk);
      } else if (chunk.length === announced) {
        whole = chunk;
      } else {
        whole ??= Buffer.allocUnsafe(announced);
        chunk.copy(whole, received - chunk.length);
      }
    });
    request.on("end", () =>
      resolve(whole ?? (chunks === undefined ? empty : Buffer.concat(chunks))),
    );
    request.on("close", () => {
      if (!request.complete) reject(clientGone());
    });
    request.on("error", () => {}); // "close" follows and tells what matters
  });
