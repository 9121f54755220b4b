/** One gRPC connection of the loader, by hand on a socket: as many calls at a time as it has clients. */
import type { Client, ClientOptions, Verdict } from "../client.ts";
import { type Frame, flag, types } from "./frames.ts";
import { type Blocks, prefixBytes, requestBlocks } from "./grpc.ts";
import { makeStatusReader } from "./hpack.ts";
import { connectInto, makePeer } from "./peer.ts";

export type GrpcClientOptions = Omit<ClientOptions, "request"> & {
  readonly path: string;
  readonly message: Buffer;
  readonly streams: number;
};

type Caller = { readonly client: Client; got: number; usable: boolean };

/** All connections read into this buffer in turn. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** Opens a connection. Resolves when the server has sent its settings. */
export const makeGrpcClients = (options: GrpcClientOptions): Promise<readonly Client[]> =>
  new Promise((resolve, reject) => open(options, { resolve, reject }));

type Opened = {
  readonly resolve: (clients: readonly Client[]) => void;
  readonly reject: (error: Error) => void;
};

const open = (options: GrpcClientOptions, { resolve, reject }: Opened): void => {
  const { port, path, message, streams, answerBytes, onAnswer } = options;
  const wanted = answerBytes + prefixBytes;
  const calls = new Map<number, Caller>();
  const readStatus = makeStatusReader();
  let blocks: Blocks | undefined;
  let next = 1;

  const settle = (stream: number, verdict: Verdict): void => {
    const caller = calls.get(stream);
    if (caller === undefined) return;
    calls.delete(stream);
    caller.usable = verdict === "ok";
    onAnswer(caller.client, verdict);
  };

  const verdictOf = (status: boolean | undefined, got: number): Verdict => {
    if (status !== true) return "status";
    return got === wanted ? "ok" : "length";
  };

  const onFrame = ({ type, flags, stream, bytes, from, to }: Frame): void => {
    // All blocks are read, whosever they are: they are what the table of fields is made of.
    const status = type === types.headers ? readStatus(bytes, from, to) : undefined;
    if (type === types.goAway) socket.end(); // what it has not answered is lost with the connection
    if (type === types.reset) settle(stream, "connection");
    const caller = calls.get(stream);
    if (caller === undefined) return;
    if (type === types.data) caller.got += to - from;
    if ((flags & flag.endStream) !== 0) settle(stream, verdictOf(status, caller.got));
  };

  const socket = connectInto(readBuffer, port, (bytes) => peer.read(bytes));
  const peer = makePeer({
    socket,
    isClient: true,
    onFrame,
    onReady: () => {
      blocks = requestBlocks({ path, authority: `127.0.0.1:${port}` }, peer.mayIndex());
      resolve(callers.map(({ client }) => client));
    },
    onSent: () => {},
  });

  const call = (caller: Caller): void => {
    const stream = next;
    next += 2;
    calls.set(stream, caller);
    caller.got = 0;
    if (!socket.writable || blocks === undefined) {
      setImmediate(settle, stream, "connection"); // closed while it was idle
      return;
    }
    peer.headers(stream, stream === 1 ? blocks.first : blocks.next, false);
    peer.open(stream);
    peer.send(stream, message);
  };

  const callers = Array.from({ length: streams }, () => {
    const caller: Caller = {
      got: 0,
      usable: true,
      client: {
        send: () => call(caller),
        usable: () => caller.usable && socket.writable,
        close: () => {
          calls.clear();
          socket.destroy();
        },
      },
    };
    return caller;
  });
  socket.on("error", reject);
  socket.on("close", () => {
    reject(new Error(`port ${port} closed a connection before its settings`));
    for (const stream of [...calls.keys()]) settle(stream, "connection");
  });
};
