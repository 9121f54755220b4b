/** Requests flow out over one connection as streams; answers flow in. */
import type { Socket } from "node:net";
import { faceOf, startConnection } from "./connection.ts";
import { maxStreamId } from "./frames.ts";
import { putFields } from "./sending.ts";
import type { Connection } from "./state.ts";
import { openStream } from "./streams.ts";
import type { EncodedFields, Fields, Http2Client, Http2ClientOptions, Stream } from "./types.ts";

/** Speaks HTTP/2, known to be spoken there, over a socket that is open or opening. */
export const connectHttp2 = (socket: Socket, options: Http2ClientOptions): Http2Client => {
  const connection = startConnection(socket, { client: options });
  return {
    ...faceOf(connection),
    open: (fields, end, encoded) => open(connection, { fields, encoded }, end),
    readiness: () => readiness(connection),
  };
};

/** Who hears that it is full is told when it is no longer. */
const readiness = (connection: Connection) => {
  const { phase, peerLeaves, nextId, streams, peerStreams } = connection;
  if (phase !== "open" || peerLeaves || nextId > maxStreamId) return "over";
  if (streams.size < peerStreams) return "ready";
  connection.wasFull = true;
  return "full";
};

type Head = { readonly fields: Fields; readonly encoded: EncodedFields | undefined };

const open = (connection: Connection, head: Head, end: boolean): Stream | undefined => {
  if (readiness(connection) !== "ready") return undefined;
  const id = connection.nextId;
  putFields(connection, id, head, end); // throws before anything has changed
  connection.nextId += 2;
  const stream = openStream(connection, id);
  stream.headOut = true;
  stream.endOut = end;
  return stream;
};
