/** One call, or many at once, by gRPC clients of three languages. */
import { readFileSync } from "node:fs";
import {
  Client,
  type ClientOptions,
  compressionAlgorithms,
  credentials,
  Metadata,
} from "@grpc/grpc-js";
import type { Clients } from "../../peers/support/clients.ts";
import { numbered, textMessage } from "../typescript/messages.ts";

export type TlsFiles = { readonly ca: string; readonly cert?: string; readonly key?: string };

export type Target = {
  /** Host and port. */
  readonly address: string;
  readonly tls?: TlsFiles;
  /** Of the client; 4 MB if absent, as in every language. */
  readonly maxReceiveBytes?: number;
};

export type Given = Readonly<Record<string, readonly string[]>>;

/** Values of keys that end in `-bin` are base64. */
export type UnaryAsk = {
  readonly target: Target;
  readonly method: string;
  readonly body: Buffer;
  readonly metadata?: Given;
  readonly timeoutMs?: number;
  readonly cancelAfterMs?: number;
  /** The request goes compressed. */
  readonly gzip?: boolean;
};

export type UnaryAnswer = {
  readonly code: number;
  readonly details: string;
  readonly body: Buffer;
  /** `grpc-status-details-bin`. */
  readonly rich: Buffer;
  readonly initial: Given;
  readonly trailing: Given;
};

/** Calls with a message each that has to come back as it was sent. */
export type ManyAsk = {
  readonly target: Target;
  readonly method: string;
  readonly metadata?: Given;
  readonly count: number;
  readonly parallel: number;
  readonly bytes: number;
  readonly waitForReady?: boolean;
  readonly timeoutMs: number;
};

export type ManyAnswer = {
  readonly right: number;
  readonly wrong: number;
  /** What failed: code and details, and how often. */
  readonly codes: Readonly<Record<string, number>>;
};

export type GrpcPeer = {
  unary(ask: UnaryAsk): Promise<UnaryAnswer>;
  many(ask: ManyAsk): Promise<ManyAnswer>;
};

type Told = Omit<UnaryAnswer, "body" | "rich"> & { readonly body: string; readonly rich: string };

/** A client in another language. */
export const linesPeer = (clients: Clients): GrpcPeer => ({
  unary: async ({ body, ...ask }) => {
    const told = (await clients.ask({
      call: "unary",
      ...ask,
      body: body.toString("base64"),
    })) as Told; // written by grpc_client.go and grpc_clients.py
    return {
      ...told,
      body: Buffer.from(told.body ?? "", "base64"),
      rich: Buffer.from(told.rich ?? "", "base64"),
    };
  },
  many: async (ask) => (await clients.ask({ call: "many", ...ask })) as ManyAnswer, // written by the same
});

const same = (bytes: Buffer): Buffer => bytes;

const isBinary = (key: string): boolean => key.endsWith("-bin");

const metadataOf = (given: Given = {}): Metadata => {
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(given)) {
    for (const value of values) {
      metadata.add(key, isBinary(key) ? Buffer.from(value, "base64") : value);
    }
  }
  return metadata;
};

const told = (metadata: Metadata): Given =>
  Object.fromEntries(
    Object.keys(metadata.getMap()).map((key) => [
      key,
      metadata
        .get(key)
        .map((value) => (typeof value === "string" ? value : value.toString("base64"))),
    ]),
  );

const security = (tls: TlsFiles | undefined) => {
  if (tls === undefined) return credentials.createInsecure();
  const read = (path: string | undefined): Buffer | null =>
    path === undefined ? null : readFileSync(path);
  return credentials.createSsl(read(tls.ca), read(tls.key), read(tls.cert));
};

const connect = ({ address, tls, maxReceiveBytes }: Target, more: ClientOptions = {}): Client =>
  new Client(address, security(tls), {
    "grpc.use_local_subchannel_pool": 1,
    ...(tls && { "grpc.ssl_target_name_override": "localhost" }),
    ...(maxReceiveBytes && { "grpc.max_receive_message_length": maxReceiveBytes }),
    ...more,
  });

const unary = (client: Client, ask: Omit<UnaryAsk, "target">, metadata: Metadata) =>
  new Promise<UnaryAnswer>((resolve) => {
    const { method, body, timeoutMs, cancelAfterMs } = ask;
    const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    let initial = new Metadata();
    let answer: Buffer = Buffer.alloc(0);
    const done = (_error: unknown, value?: Buffer): void => {
      answer = value ?? answer;
    };
    const call = client.makeUnaryRequest(method, same, same, body, metadata, options, done);
    call.on("metadata", (given) => {
      initial = given;
    });
    call.on("status", ({ code, details, metadata: trailing }) => {
      const [rich] = trailing.get("grpc-status-details-bin");
      resolve({
        code,
        details,
        body: answer,
        rich: Buffer.isBuffer(rich) ? rich : Buffer.alloc(0),
        initial: told(initial),
        trailing: told(trailing),
      });
    });
    if (cancelAfterMs !== undefined) setTimeout(() => call.cancel(), cancelAfterMs);
  });

/** `@grpc/grpc-js`, in this process. */
export const jsPeer: GrpcPeer = {
  unary: async ({ target, ...ask }) => {
    const zipped = { "grpc.default_compression_algorithm": compressionAlgorithms.gzip };
    const client = connect(target, ask.gzip === true ? zipped : {});
    try {
      return await unary(client, ask, metadataOf(ask.metadata));
    } finally {
      client.close();
    }
  },
  many: async ({ target, count, parallel, bytes, waitForReady = false, ...ask }) => {
    const client = connect(target);
    const metadata = metadataOf(ask.metadata);
    metadata.setOptions({ waitForReady });
    const answer = { right: 0, wrong: 0, codes: new Map<string, number>() };
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < count) {
        const body = textMessage(numbered(next, bytes));
        next += 1;
        const { code, details, body: got } = await unary(client, { ...ask, body }, metadata);
        const name = `${code} ${details}`;
        if (code !== 0) answer.codes.set(name, (answer.codes.get(name) ?? 0) + 1);
        else if (got.equals(body)) answer.right += 1;
        else answer.wrong += 1;
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
    client.close();
    return { ...answer, codes: Object.fromEntries(answer.codes) };
  },
};
