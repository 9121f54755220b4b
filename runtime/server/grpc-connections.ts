/** Connections of a gRPC port: no more at once than the limit, and the others are told so. */
import type { Socket } from "node:net";

export type GrpcConnections = {
  /** Hands a new connection to `serve`, or refuses it. */
  accept(socket: Socket): void;
  /** Breaks all of them off. */
  close(): void;
};

/** How long a refused client may take to read why. */
const lingerMs = 2000;
/** More connections than this beyond the limit are to be dropped without a word. */
export const mostRefused = 1000;

export const watchGrpcConnections = (
  maxConnections: number,
  serve: (socket: Socket) => void,
): GrpcConnections => {
  const served = new Set<Socket>();
  const refused = new Set<Socket>();
  const keep = (set: Set<Socket>, socket: Socket): void => {
    set.add(socket);
    socket.on("close", () => set.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  return {
    accept: (socket) => {
      if (served.size < maxConnections) {
        keep(served, socket);
        serve(socket);
      } else {
        keep(refused, socket);
        refuse(socket, `more than ${maxConnections} connections (--max_connections)`);
      }
    },
    close: () => {
      for (const socket of [...served, ...refused]) socket.destroy();
    },
  };
};

/**
 * What the client sends is thrown away for a moment: closing on unread bytes would reset the
 * connection before it has read why.
 */
const refuse = (socket: Socket, why: string): void => {
  socket.end(goAway(why));
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.on("close", () => clearTimeout(timer));
};

const settings = 4;
const goaway = 7;
const enhanceYourCalm = 11;

/** An empty SETTINGS, with which a server has to begin, and a GOAWAY. Source: RFC 9113, 3.4, 6.8 and 7. */
const goAway = (why: string): Buffer => {
  const reason = Buffer.from(why);
  const head = Buffer.alloc(8); // no stream was acted on
  head.writeUInt32BE(enhanceYourCalm, 4);
  return Buffer.concat([frame(settings, []), frame(goaway, [head, reason])]);
};

/** A frame of the connection as a whole. Source: RFC 9113, 4.1. */
const frame = (type: number, payload: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  return Buffer.concat([head, body]);
};
