/** Frames by hand, and a peer of ours that sends them: what a library would not send is tested. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { connectHttp2 } from "../../../runtime/http2/client.ts";
import { frameTypes, preface } from "../../../runtime/http2/frames.ts";
import { encodeOnce } from "../../../runtime/http2/hpack-encode.ts";
import { serveHttp2 } from "../../../runtime/http2/server.ts";
import type {
  Fault,
  Fields,
  Http2Client,
  Http2ClientOptions,
  Http2Connection,
  Http2Limits,
  Http2ServerOptions,
} from "../../../runtime/http2/types.ts";

export { flags, frameTypes, preface, settingIds } from "../../../runtime/http2/frames.ts";

export const none: Buffer = Buffer.alloc(0);

export const frame = (type: number, bits: number, id: number, payload: Buffer = none): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = bits;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
};

export const uint32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, place) => {
    bytes.writeUInt32BE(value >>> 0, 4 * place);
  });
  return bytes;
};

export const settings = (...pairs: readonly (readonly [number, number])[]): Buffer => {
  const payload = Buffer.alloc(6 * pairs.length);
  pairs.forEach(([id, value], place) => {
    payload.writeUInt16BE(id, 6 * place);
    payload.writeUInt32BE(value, 6 * place + 2);
  });
  return frame(frameTypes.settings, 0, 0, payload);
};
export const settingsAck = frame(frameTypes.settings, 1, 0);

/** A block that uses no table. */
export const block = (...fields: Fields): Buffer => encodeOnce(fields).block;

export const request = [":method", "POST", ":scheme", "http", ":path", "/a", ":authority", "b"];
export const requestBlock = block(...request);

/** HEADERS; whole unless said otherwise. 0x4 ends the fields, 0x1 the stream. */
export const headers = (id: number, bits = 0x5, payload = requestBlock): Buffer =>
  frame(frameTypes.headers, bits, id, payload);
export const data = (id: number, payload: Buffer, bits = 0): Buffer =>
  frame(frameTypes.data, bits, id, payload);
export const windowUpdate = (id: number, more: number): Buffer =>
  frame(frameTypes.windowUpdate, 0, id, uint32(more));
export const rst = (id: number, code: number): Buffer =>
  frame(frameTypes.reset, 0, id, uint32(code));
export const ping = (payload: Buffer = Buffer.alloc(8), bits = 0): Buffer =>
  frame(frameTypes.ping, bits, 0, payload);
export const goAway = (lastId: number, code: number): Buffer =>
  frame(frameTypes.goAway, 0, 0, uint32(lastId, code));

export type Frame = {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
};

/** Cuts what comes into frames. */
export const makeFrames = (): ((chunk: Buffer) => Frame[]) => {
  let rest: Buffer = none;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const to = 9 + rest.readUIntBE(0, 3);
      const [, , , type = 0, bits = 0] = rest;
      frames.push({ type, flags: bits, id: rest.readUInt32BE(5), payload: rest.subarray(9, to) });
      rest = rest.subarray(to);
    }
    return frames;
  };
};

/** The other end of a connection, by hand. */
export type RawPeer = {
  readonly socket: Socket;
  readonly frames: readonly Frame[];
  send(...bytes: readonly Buffer[]): void;
  /** The first frame that fits, of those that came and will come; throws if the end comes first. */
  find(fits: (frame: Frame) => boolean): Promise<Frame>;
  /** The same by type. */
  next(type: number): Promise<Frame>;
  /** Resolves when the connection is closed. */
  closed(): Promise<void>;
};

export const rawPeer = (socket: Socket, skipBytes = 0): RawPeer => {
  const frames: Frame[] = [];
  const cut = makeFrames();
  const skip = skipper(skipBytes);
  let over = false;
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const one of [...waiting]) one();
  };
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    frames.push(...cut(skip(chunk)));
    tell();
  });
  socket.on("close", () => {
    over = true;
    tell();
  });
  const when = (isTrue: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!isTrue()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  const find = async (fits: (frame: Frame) => boolean): Promise<Frame> => {
    await when(() => over || frames.some(fits));
    const found = frames.find(fits);
    if (found === undefined) throw new Error(`closed after ${JSON.stringify(frames)}`);
    return found;
  };
  return {
    socket,
    frames,
    send: (...bytes) => {
      socket.write(Buffer.concat(bytes));
    },
    find,
    next: (type) => find((one) => one.type === type),
    closed: () => when(() => over),
  };
};

export type Served = {
  readonly raw: RawPeer;
  readonly connection: Http2Connection;
  /** What the connection came to. */
  readonly fault: Promise<Fault>;
  close(): void;
};

type ServerPart = Partial<Pick<Http2ServerOptions, "onStream">> & {
  readonly limits?: Partial<Http2Limits>;
  /** Without the peer's preface and SETTINGS. */
  readonly silent?: boolean;
};

/** A server of ours with a raw client. */
export const serveRaw = async (part: ServerPart = {}): Promise<Served> => {
  const { promise: fault, resolve } = Promise.withResolvers<Fault>();
  const { near, far, close } = await socketPair();
  const connection = serveHttp2(near, {
    deadlines: makeDeadlines(),
    limits: part.limits ?? {},
    onStream: part.onStream ?? ((): void => {}),
    onClosed: resolve,
  });
  const raw = rawPeer(far);
  if (part.silent !== true) raw.send(preface, settings(), settingsAck);
  return { raw, connection, fault, close };
};

export type Called = {
  readonly raw: RawPeer;
  readonly client: Http2Client;
  readonly fault: Promise<Fault>;
  close(): void;
};

type ClientPart = Partial<Pick<Http2ClientOptions, "onRoom" | "onDraining">> & {
  readonly limits?: Partial<Http2Limits>;
  readonly silent?: boolean;
};

/** A client of ours with a raw server. */
export const callRaw = async (part: ClientPart = {}): Promise<Called> => {
  const { promise: fault, resolve } = Promise.withResolvers<Fault>();
  const { near, far, close } = await socketPair();
  const { limits = {}, silent, ...callbacks } = part;
  const client = connectHttp2(near, {
    deadlines: makeDeadlines(),
    limits,
    onClosed: resolve,
    ...callbacks,
  });
  const raw = rawPeer(far, preface.length);
  if (silent !== true) raw.send(settings(), settingsAck);
  return { raw, client, fault, close };
};

const skipper = (bytes: number): ((chunk: Buffer) => Buffer) => {
  let left = bytes;
  return (chunk) => {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    return chunk.subarray(skipped);
  };
};

/** Two ends of one connection of this machine. */
export const socketPair = async (): Promise<{
  readonly near: Socket;
  readonly far: Socket;
  close(): void;
}> => {
  const server: Server = createServer({ noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server's address is one
  const accepted = once(server, "connection");
  const far = connect({ port, host: "127.0.0.1", noDelay: true });
  const [near] = (await accepted) as [Socket]; // what the event carries
  if (far.connecting) await once(far, "connect");
  return {
    near,
    far,
    close: () => {
      near.destroy();
      far.destroy();
      server.close();
    },
  };
};
