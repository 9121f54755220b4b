import { type AddressInfo, createServer, type Socket } from "node:net";
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type StatusObject,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { Target } from "../../local/routes.ts";
import { makeUpstream } from "../../local/upstream.ts";
import { makeDeadlines } from "../../runtime/deadlines.ts";
import { defaultLimits } from "../../runtime/limits.ts";

export const same = (bytes: Buffer): Buffer => bytes;

export type Call = ServerUnaryCall<Buffer, Buffer>;
export type Answer = sendUnaryData<Buffer>;

const sizes = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/**
 * A predictor that speaks gRPC. `/t.T/Name` answers its name, `/t.T/Echo` what it got, with the
 * metadata it got as initial metadata; `/t.T/Fail` fails; `/t.T/Never` does not answer;
 * `/t.T/Many` and `/grpc.health.v1.Health/Watch` answer in pieces, `/t.T/Sum` sums up pieces, `/t.T/Chat` answers piece by piece.
 */
export const makeGrpcPredictor = async (predictor: string, weightPercent = 100) => {
  const server = new Server(sizes);
  const seen: { readonly path: string; readonly metadata: Metadata; readonly body: Buffer }[] = [];
  const waiting: (() => void)[] = [];
  const cancelled: Promise<void>[] = [];
  const written = { messages: 0 };
  const see = (path: string, metadata: Metadata, body: Buffer): void => {
    seen.push({ path, metadata, body });
    for (const resolve of waiting.splice(0)) resolve();
  };
  const unary = (path: string, answer: (call: Call, callback: Answer) => void): void => {
    const handler = (call: Call, callback: Answer): void => {
      cancelled.push(new Promise((resolve) => call.on("cancelled", () => resolve())));
      see(path, call.metadata, call.request);
      answer(call, callback);
    };
    server.register(path, handler, same, same, "unary");
  };
  const name = (_call: Call, callback: Answer): void => callback(null, Buffer.from(predictor));
  unary("/t.T/Name", name);
  unary("/grpc.health.v1.Health/Check", name);
  unary("/t.T/Echo", (call, callback) => {
    const initial = call.metadata.clone();
    for (const key of ["user-agent", "grpc-accept-encoding", "accept-encoding"]) {
      initial.remove(key);
    }
    call.sendMetadata(initial);
    const trailer = new Metadata();
    trailer.set("bye", predictor);
    trailer.set("bye-bin", Buffer.from([0, 255]));
    callback(null, call.request, trailer);
  });
  unary("/t.T/Fail", (_call, callback) => {
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from([1, 2, 200]));
    metadata.set("why", "so");
    callback({ code: 9, details: "100 % grün\n", metadata });
  });
  unary("/t.T/Never", () => {});
  server.register(
    "/t.T/Many",
    (call: ServerWritableStream<Buffer, Buffer>) => {
      see("/t.T/Many", call.metadata, call.request);
      const [count = 0, bytes = 1] = call.request.toString().split(" ").map(Number);
      let left = count;
      const write = (): void => {
        while (left > 0) {
          left -= 1;
          written.messages += 1;
          if (!call.write(Buffer.alloc(bytes, left % 256))) {
            call.once("drain", write);
            return;
          }
        }
        call.end();
      };
      write();
    },
    same,
    same,
    "serverStream",
  );
  server.register(
    "/t.T/Sum",
    (call: ServerReadableStream<Buffer, Buffer>, callback: Answer) => {
      const parts: Buffer[] = [];
      call.on("data", (part: Buffer) => parts.push(part));
      call.on("end", () => callback(null, Buffer.concat(parts)));
    },
    same,
    same,
    "clientStream",
  );
  server.register(
    "/t.T/Chat",
    (call: ServerDuplexStream<Buffer, Buffer>) => {
      see("/t.T/Chat", call.metadata, Buffer.alloc(0));
      call.on("data", (part: Buffer) => call.write(Buffer.concat([Buffer.from("re: "), part])));
      call.on("end", () => call.end());
    },
    same,
    same,
    "bidi",
  );
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}); // the test breaks it
    injector.injectConnection(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const stop = (): void => {
    listener.close();
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const entry = { http: 1, grpc: portOf(listener) };
  const upstream = makeUpstream(entry, defaultLimits, makeDeadlines());
  const target: Target = { predictor, weightPercent, upstream, unavailable: () => undefined };
  return {
    target,
    seen,
    written,
    cancelled,
    next: (): Promise<void> => new Promise((resolve) => waiting.push(resolve)),
    /** As a process that is killed. */
    stop,
    close: () => {
      upstream.close();
      server.forceShutdown();
      stop();
    },
  };
};

export const portOf = (server: { address(): AddressInfo | string | null }): number =>
  (server.address() as AddressInfo).port; // a TCP server's address is an AddressInfo

export type Told = {
  readonly body: Buffer | undefined;
  readonly initial: Metadata;
  readonly status: StatusObject;
  readonly error: ServiceError | null;
};

export const metadataOf = (entries: Readonly<Record<string, string | Buffer>>): Metadata => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
};

/** Closed by the test. */
export const makeClient = (port: number, options: object = {}): Client =>
  new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    ...sizes,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
    ...options,
  });

/** One unary call, with everything that came back. Never rejects. */
export const callUnary = (
  client: Client,
  path: string,
  entries: Readonly<Record<string, string | Buffer>> | Metadata,
  { body = Buffer.alloc(0), deadlineMs }: { body?: Buffer; deadlineMs?: number } = {},
): Promise<Told> =>
  new Promise((resolve) => {
    let initial = new Metadata();
    let told: { body: Buffer | undefined; error: ServiceError | null } | undefined;
    const metadata = entries instanceof Metadata ? entries : metadataOf(entries);
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const call = client.makeUnaryRequest(
      path,
      same,
      same,
      body,
      metadata,
      options,
      (error, answer) => {
        told = { body: answer, error };
      },
    );
    call.on("metadata", (received: Metadata) => {
      initial = received;
    });
    call.on("status", (status: StatusObject) => {
      setImmediate(() => {
        if (told !== undefined) resolve({ ...told, initial, status });
      });
    });
  });
