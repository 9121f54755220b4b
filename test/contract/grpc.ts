/** gRPC in tests: containers that take bytes, and calls whose whole outcome is kept. */
import {
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerOptions,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { Later } from "./cleanup.ts";

export const same = (bytes: Buffer): Buffer => bytes;

export type Seen = {
  readonly rpc: string;
  readonly body: Buffer;
  readonly metadata: Metadata;
  /** The deadline the caller set, in milliseconds since the epoch; Infinity if none. */
  readonly deadlineAt: number;
  /** Resolves when the caller gave the call up, or it is over. */
  readonly cancelled: Promise<void>;
  /** Sends metadata ahead of the answer. */
  sendInitial(metadata: Metadata): void;
};

/** A status that a container answers with. */
export type Status = { readonly code: number; readonly details: string; metadata?: Metadata };

export type Handler = (seen: Seen) => Buffer | Promise<Buffer>;
export type Duplex = (call: ServerDuplexStream<Buffer, Buffer>) => void;

export type GrpcHost = {
  readonly grpcPort: number;
  /** Calls so far, in order. */
  readonly seen: readonly Seen[];
  /** Ends all connections at once. */
  close(): void;
};

export type HostOptions = {
  readonly unary?: Readonly<Record<string, Handler>>;
  readonly duplex?: Readonly<Record<string, Duplex>>;
  readonly host?: string;
  readonly port?: number;
  readonly settings?: ServerOptions;
};

const seenOf = (rpc: string, call: ServerUnaryCall<Buffer, Buffer>): Seen => ({
  rpc,
  body: call.request,
  metadata: call.metadata,
  deadlineAt: Number(call.getDeadline()),
  cancelled: new Promise((resolve) => {
    call.on("cancelled", () => resolve());
  }),
  sendInitial: (metadata) => call.sendMetadata(metadata),
});

/** A container. A handler that throws a `Status` answers with it. */
export const openGrpcHost = async (later: Later, options: HostOptions): Promise<GrpcHost> => {
  const { unary = {}, duplex = {}, host = "127.0.0.1", port = 0 } = options;
  const server = new Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    ...options.settings,
  });
  const seen: Seen[] = [];
  for (const [rpc, handler] of Object.entries(unary)) {
    const answer = async (call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> => {
      const one = seenOf(rpc, call);
      seen.push(one);
      return await handler(one);
    };
    server.register(
      rpc,
      (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        answer(call).then((body) => callback(null, body), callback);
      },
      same,
      same,
      "unary",
    );
  }
  for (const [rpc, handler] of Object.entries(duplex)) {
    server.register(rpc, handler, same, same, "bidi");
  }
  const grpcPort = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const close = (): void => server.forceShutdown();
  later(close);
  return { grpcPort, seen, close };
};

export type Outcome = {
  /** 0 for success. */
  readonly code: number;
  readonly details: string;
  readonly body: Buffer;
  readonly initial: Metadata;
  readonly trailing: Metadata;
};

export type AskOptions = {
  readonly metadata?: Readonly<Record<string, string | Buffer | readonly (string | Buffer)[]>>;
  readonly timeoutMs?: number;
};

export const metadataOf = (given: AskOptions["metadata"] = {}): Metadata => {
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(given)) {
    for (const value of Array.isArray(values) ? values : [values]) metadata.add(key, value);
  }
  return metadata;
};

export type GrpcClient = {
  /** Never rejects: a failure is an outcome too. */
  ask(rpc: string, body: Buffer, options?: AskOptions): Promise<Outcome>;
  /** Like `ask`, with a means to give up. */
  start(
    rpc: string,
    body: Buffer,
    options?: AskOptions,
  ): { readonly outcome: Promise<Outcome>; cancel(): void };
  stream(rpc: string, options?: AskOptions): ClientDuplexStream<Buffer, Buffer>;
  readonly raw: Client;
  close(): void;
};

const unlimited: ClientOptions = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_retries": 0,
};

export const openGrpcClient = (
  later: Later,
  port: number,
  options: ClientOptions = {},
): GrpcClient => {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    ...unlimited,
    ...options,
  });
  later(() => client.close());
  const start: GrpcClient["start"] = (rpc, body, { metadata, timeoutMs } = {}) => {
    const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    let initial = new Metadata();
    let answer: Buffer = Buffer.alloc(0);
    let cancel = (): void => {};
    const outcome = new Promise<Outcome>((resolve) => {
      const call = client.makeUnaryRequest(
        rpc,
        same,
        same,
        body,
        metadataOf(metadata),
        deadline,
        (_error, value) => {
          answer = value ?? answer;
        },
      );
      cancel = () => call.cancel();
      call.on("metadata", (given) => {
        initial = given;
      });
      call.on("status", ({ code, details, metadata: trailing }) => {
        resolve({ code, details, body: answer, initial, trailing });
      });
    });
    return { outcome, cancel: () => cancel() };
  };
  return {
    start,
    ask: (rpc, body, given) => start(rpc, body, given).outcome,
    stream: (rpc, { metadata, timeoutMs } = {}) =>
      client.makeBidiStreamRequest(
        rpc,
        same,
        same,
        metadataOf(metadata),
        timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
      ),
    raw: client,
    close: () => client.close(),
  };
};
