/** Node's own HTTP parser, without a network: bytes in, the requests that it sees out. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Duplex } from "node:stream";

export type Seen = {
  readonly method: string;
  readonly target: string;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  /** As latin1. */
  readonly body: string;
};

export type Judgement = {
  /** The requests that came whole, in their order. */
  readonly seen: readonly Seen[];
  /** Why it reads no further, if it said so. */
  readonly error: string | undefined;
};

export type Reference = {
  /** What comes of the bytes on a new connection; it stops waiting after `wanted` requests. */
  read(bytes: Buffer, wanted: number): Promise<Judgement>;
};

/** As the settings of the listener are. */
const settings = { maxHeaderSize: 65_536, highWaterMark: 1_048_576 };
/** A parser that has not come to an end by then waits for more. */
const mostTurns = 40;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const makeReference = (): Reference => {
  const server = createServer(settings);
  server.maxHeadersCount = 0;
  let seen: Seen[] = [];
  let error: string | undefined;
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const { method = "", url: target = "", rawHeaders: headers } = request;
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString("latin1");
    });
    request.on("end", () => {
      seen.push({ method, target, headers, body });
      response.end();
    });
  };
  server.on("request", take);
  server.on("checkContinue", take);
  server.on("checkExpectation", take);
  server.on("clientError", (thrown: NodeJS.ErrnoException) => {
    error = thrown.code ?? thrown.message;
  });
  return {
    read: async (bytes, wanted) => {
      seen = [];
      error = undefined;
      const socket = new Duplex({
        read: () => {},
        write: (_chunk, _encoding, done) => done(),
        writev: (_chunks, done) => done(),
      });
      server.emit("connection", socket);
      socket.push(bytes);
      let turns = 0;
      let before = 0;
      while (seen.length < wanted && error === undefined && turns < mostTurns) {
        await turn();
        turns = seen.length === before ? turns + 1 : 0;
        before = seen.length;
      }
      const judgement = { seen, error };
      socket.destroy();
      return judgement;
    },
  };
};
