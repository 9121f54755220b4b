/** HTTP/2 frames as bytes on a socket of one's own. Source: RFC 9113, 4.1 and 6. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Later } from "./cleanup.ts";

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const endStream = 1;
export const endHeaders = 4;

export const frame = (
  type: number,
  payload: Buffer = Buffer.alloc(0),
  { flags = 0, stream = 0 }: { readonly flags?: number; readonly stream?: number } = {},
): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

export const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(frameTypes.settings),
]);

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A header as a literal that no table keeps. Source: RFC 7541, 6.2.2; both texts under 127 bytes. */
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);

/** The headers with which a gRPC call opens. */
export const callHeaders = (path: string, more: Readonly<Record<string, string>> = {}): Buffer =>
  Buffer.concat(
    Object.entries({
      ":method": "POST",
      ":scheme": "http",
      ":path": path,
      ":authority": "engine",
      "content-type": "application/grpc",
      te: "trailers",
      ...more,
    }).map(([name, value]) => literal(name, value)),
  );

export type RawClient = {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): Buffer;
  /** Writes as long as the other side takes it; false once the connection is closed. */
  write(bytes: Buffer): Promise<boolean>;
  /** Resolves when the other side has closed the connection. */
  closed: Promise<void>;
};

export const openRaw = async (later: Later, port: number): Promise<RawClient> => {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  later(() => socket.destroy());
  socket.on("error", () => {}); // a reset shows as the end
  const parts: Buffer[] = [];
  socket.on("data", (part) => parts.push(part));
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.once("end", () => resolve());
  });
  await once(socket, "connect");
  return {
    socket,
    received: () => Buffer.concat(parts),
    closed,
    write: async (bytes) => {
      if (!socket.writable) return false;
      if (socket.write(bytes)) return true;
      const drained = new Promise<void>((resolve) => {
        socket.once("drain", resolve);
        socket.once("close", () => resolve());
      });
      await drained;
      return socket.writable;
    },
  };
};
