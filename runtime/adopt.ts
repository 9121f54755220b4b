import { Socket, type SocketConstructorOpts } from "node:net";
import { TLSSocket } from "node:tls";

/** What becomes of bytes that came: a view, valid only until this returns. False: the socket's own events tell them. */
export type Take = (bytes: Buffer) => boolean;

/** All connections that are told so are read into this buffer in turn. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** What tells a new socket to read into a buffer of ours; false from `take` stops the reading. */
export const readingInto = (take: Take): NonNullable<SocketConstructorOpts["onread"]> => ({
  buffer: readBuffer,
  callback: (length) => take(readBuffer.subarray(0, length)),
});

type Handled = { _handle?: SocketConstructorOpts["handle"] | null };

/**
 * The connection as a socket that reads into a buffer of ours. Node.js allocates 64 kB for each
 * read otherwise, which costs a large body more than copying it (docs/decisions/0011-plain-http.md).
 *
 * A server's sockets cannot be told so when they are made; a socket can, around the same handle.
 * The handle has no public name: undefined where there is none, and for TLS, which has none of its
 * own. The given socket stays as what the server counts, and ends with the adopted one.
 */
export const adopt = (given: Socket, take: Take): Socket | undefined => {
  const { _handle: handle } = given as unknown as Handled; // as: see above
  if (handle === undefined || handle === null || given instanceof TLSSocket) return undefined;
  (given as unknown as Handled)._handle = null; // as: see above
  const socket = new Socket({
    handle,
    allowHalfOpen: true,
    onread: readingInto((bytes) => take(bytes) || socket.push(Buffer.from(bytes))),
  });
  socket.on("close", () => given.destroy());
  return socket;
};
