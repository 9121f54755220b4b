/** Answers that are none, or too much: what a broken container or an attacker in it writes. */
import type { Socket } from "node:net";

const stolen = "stolen: nobody asked for this";
const answer = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Each has to lead to an error, but for the right answer with something behind it. */
const kinds: readonly ((text: string) => string)[] = [
  () => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is no HTTP\r\n\r\n",
  () => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\n0123456789",
  (text) =>
    `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nTransfer-Encoding: chunked\r\n\r\n${text}`,
  (text) => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length + 1}\r\n\r\n${text}`,
  (text) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${text}\r\n0\r\n\r\n`,
  (text) =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}`,
  () => "HTTP/1.1 200",
  () => "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 999999 Odd\r\n\r\n",
];

/** More than fits into one segment may be read in two, and then nobody can know what follows. */
const oneSegment = 1000;

let turn = 0;

/** Writes the next kind of it and ends the connection, or leaves it open where that is the trap. */
export const trash = (socket: Socket, body: Buffer | string, id: string): void => {
  const text = body.toString("latin1");
  turn += 1;
  if (text.length < oneSegment && turn % 3 === 0) {
    socket.write(answer(text) + answer(`${stolen}, after ${id}`), "latin1");
    return;
  }
  socket.end(kinds[turn % kinds.length]?.(text) ?? "", "latin1");
};
