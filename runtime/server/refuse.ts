import type { Duplex } from "node:stream";
import { STATUS_CODES } from "../node-http.ts";
import type { HttpAnswer } from "./http.ts";

/** How long a refused client may go on sending: long enough to read its answer, and no longer. */
const lingerMs = 2000;

/**
 * Answers on a connection whose request will not be read to its end, and closes it.
 *
 * The sending side is closed at once; what the client still sends is thrown away for a moment,
 * since closing on unread bytes would reset the connection before the client has read its answer.
 */
export const refuse = (socket: Duplex, answer: HttpAnswer, discard?: () => void): void => {
  if (!socket.writable) {
    if (!socket.writableEnded) socket.destroy(); // else what was written before is on its way
    return;
  }
  const body = Buffer.from(answer.body ?? "");
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? "Error"}`];
  for (let i = 0; i + 1 < answer.headers.length; i += 2) {
    lines.push(`${answer.headers[i]}: ${answer.headers[i + 1]}`);
  }
  lines.push(`Content-Length: ${body.length}`, "Connection: close", "", "");
  socket.on("error", () => {}); // the client may be gone already
  socket.end(Buffer.concat([Buffer.from(lines.join("\r\n"), "latin1"), body]));
  discard?.();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.on("close", () => clearTimeout(timer));
};
