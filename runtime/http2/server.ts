/** Requests flow in from a socket as streams; what is sent on each flows out as its answer. */
import type { Socket } from "node:net";
import { faceOf, startConnection } from "./connection.ts";
import type { Http2Connection, Http2ServerOptions } from "./types.ts";

/** Serves HTTP/2 on a socket that has been accepted; the preface may still be to come. */
export const serveHttp2 = (socket: Socket, options: Http2ServerOptions): Http2Connection =>
  faceOf(startConnection(socket, { server: options }));
