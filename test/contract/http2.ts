/** HTTP/2 by hand: what no gRPC client would send. */
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { gzipSync } from "node:zlib";
import type { Later } from "./cleanup.ts";

/** What came of a stream: a gRPC status, or the code it was reset with. */
export type H2Outcome = {
  readonly http: number | undefined;
  readonly status: number | undefined;
  readonly details: string;
  readonly reset: number;
};

export type H2 = {
  readonly session: ClientHttp2Session;
  /** Opens a stream with the headers of gRPC and what is given. */
  open(path: string, headers?: OutgoingHttpHeaders): ClientHttp2Stream;
  /** Sends these bytes as they are, and waits for the end of the stream. */
  send(path: string, body: Buffer, headers?: OutgoingHttpHeaders): Promise<H2Outcome>;
};

export const openH2 = async (later: Later, port: number): Promise<H2> => {
  const session = connect(`http://127.0.0.1:${port}`, { maxSendHeaderBlockLength: 1e9 });
  session.on("error", () => {}); // streams tell
  later(() => session.destroy());
  await once(session, "connect");
  const open: H2["open"] = (path, headers = {}) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    stream.on("error", () => {}); // "close" follows
    return stream;
  };
  return {
    session,
    open,
    send: (path, body, headers) => {
      const stream = open(path, headers);
      const outcome = outcomeOf(stream);
      stream.end(body);
      return outcome;
    },
  };
};

export const outcomeOf = (stream: ClientHttp2Stream): Promise<H2Outcome> =>
  new Promise((resolve) => {
    let head: IncomingHttpHeaders & { readonly ":status"?: number | undefined } = {};
    let tail: IncomingHttpHeaders = {};
    stream.on("response", (given) => {
      head = given;
    });
    stream.on("trailers", (given) => {
      tail = given;
    });
    stream.resume();
    stream.on("close", () => {
      const status = tail["grpc-status"] ?? head["grpc-status"];
      resolve({
        http: head[":status"],
        status: status === undefined ? undefined : Number(status),
        details: decodeURI(String(tail["grpc-message"] ?? head["grpc-message"] ?? "")),
        reset: stream.rstCode ?? 0,
      });
    });
  });

/** A message with the five bytes that gRPC puts before it. */
export const framed = (message: Buffer, flag = 0): Buffer => {
  const head = Buffer.from([flag, 0, 0, 0, 0]);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

export const gzipped = (message: Buffer): Buffer => framed(gzipSync(message), 1);
