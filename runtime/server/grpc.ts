/**
 * The gRPC edge. The port is open from the start, so that probes, Services and clients find it;
 * until the engine speaks gRPC every call is answered UNIMPLEMENTED. Source: design 5.3.5.
 */
import { createServer, type Http2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

export type GrpcServer = {
  readonly port: number;
  /** Stops accepting and resolves when the last connection is closed. */
  drain(): Promise<void>;
};

/** Source: the gRPC status codes; gRPC over HTTP/2, "Responses" (a trailers-only answer). */
const unimplemented = "12";

/** 0 takes a free port. Rejects with the system's error if it cannot listen. */
export const listenGrpc = (port: number, maxConnections: number): Promise<GrpcServer> =>
  new Promise((resolve, reject) => {
    const sessions = new Set<Http2Session>();
    const server = createServer({ settings: { maxConcurrentStreams: 100 } });
    server.maxConnections = maxConnections;
    server.on("session", (session) => {
      sessions.add(session);
      session.on("close", () => sessions.delete(session));
      session.on("error", () => session.destroy());
    });
    server.on("stream", (stream: ServerHttp2Stream, headers) => {
      stream.on("error", () => {}); // the client's reset; there is nothing to save
      stream.respond(
        {
          ":status": 200,
          "content-type": "application/grpc",
          "grpc-status": unimplemented,
          "grpc-message": `${headers[":path"]} is not offered`,
        },
        { endStream: true },
      );
      stream.resume();
    });
    server.once("error", reject);
    server.listen(port, () => {
      server.off("error", reject);
      resolve({
        port: (server.address() as AddressInfo).port, // a TCP server's address is an AddressInfo
        drain: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const session of sessions) session.close();
          }),
      });
    });
  });
