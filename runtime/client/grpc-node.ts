/** A node that is a container: messages out over gRPC as opaque bytes, answers in. */
import {
  type Client,
  type Metadata,
  type ServiceError,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { settle } from "../done.ts";
import type { Call } from "../engine/call.ts";
import { EngineError } from "../errors.ts";
import type { NodeClient } from "../graph.ts";
import { grpcCodes } from "../grpc-status.ts";
import type { Payload } from "../payload.ts";
import type { GrpcProtocol } from "../protocol/grpc.ts";
import type { Verb } from "../protocol/protocol.ts";
import { offCancel, onCancel } from "../scope.ts";

/** What a gRPC client sent along. */
export type GrpcCarried = {
  /** Entries for calls to nodes. */
  readonly metadata: Metadata;
  /** The client's own deadline, in milliseconds since the epoch. */
  readonly deadlineAt: number | undefined;
};

export type GrpcNodeOptions = {
  readonly name: string;
  readonly client: Client;
  readonly protocol: GrpcProtocol;
  /** For one call; 0 means no limit. */
  readonly timeoutMs: number;
  readonly observe: (call: {
    readonly rpc: string;
    readonly model: string;
    readonly code: number;
    readonly seconds: number;
  }) => void;
};

export const makeGrpcNode = (options: GrpcNodeOptions): NodeClient<GrpcCarried> => ({
  call: (verb, message, call, done) =>
    settle(() => callNode(options, { verb, message }, call), done),
  duplex: (rpc, { metadata, deadlineAt }) =>
    options.client.makeBidiStreamRequest(
      rpc,
      same,
      same,
      metadata,
      deadlineAt === undefined ? {} : { deadline: deadlineAt },
    ),
});

type Sent = { readonly verb: Verb; readonly message: Payload | undefined; readonly model: string };

/** @throws {EngineError} what NodeClient tells */
const callNode = async (
  options: GrpcNodeOptions,
  { verb, message }: Pick<Sent, "verb" | "message">,
  call: Call<GrpcCarried>,
): Promise<Payload> => {
  const { name, protocol, observe } = options;
  const model = call.modelName ?? name;
  const asked = protocol.nodeCall(verb, asRequest(protocol, { verb, message, model }));
  if (asked === undefined) throw notOffered(name, verb);
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const body = await send(options, { rpc: asked.rpc, body: asked.body }, call);
    observe({ rpc: asked.rpc, model, code: grpcCodes.OK, seconds: seconds() });
    return { body, message: asked.answer, contentType: undefined, contentEncoding: undefined };
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.grpc !== undefined) {
      observe({ rpc: asked.rpc, model, code: thrown.grpc.code, seconds: seconds() });
    }
    throw thrown;
  }
};

/** A router takes a request, whatever came before it: an RPC has a type, a path of REST has none. */
const asRequest = ({ codec }: GrpcProtocol, { verb, message, model }: Sent): Payload | undefined =>
  verb === "route" && message !== undefined ? codec.chain(message, model) : message;

const notOffered = (name: string, verb: Verb): EngineError =>
  new EngineError("RPC_NOT_OFFERED", `node ${name}: the protocol has no RPC for ${verb}`);

type Ask = { readonly rpc: string; readonly body: Buffer };

const same = (bytes: Buffer): Buffer => bytes;

const send = (
  { client, timeoutMs }: GrpcNodeOptions,
  { rpc, body }: Ask,
  { carried, scope }: Call<GrpcCarried>,
): Promise<Buffer> => {
  if (scope.reason !== undefined) return Promise.reject(scope.reason);
  return new Promise((resolve, reject) => {
    const deadline = earliest(timeoutMs, carried.deadlineAt);
    const done = (error: ServiceError | null, answer?: Buffer): void => {
      offCancel(scope, giveUp);
      if (error === null && answer !== undefined) resolve(answer);
      else reject(scope.reason ?? statusError(error));
    };
    const sent = client.makeUnaryRequest(
      rpc,
      same,
      same,
      body,
      carried.metadata,
      deadline === undefined ? {} : { deadline },
      done,
    );
    const giveUp = (): void => sent.cancel();
    onCancel(scope, giveUp);
  });
};

const earliest = (timeoutMs: number, deadlineAt: number | undefined): number | undefined => {
  if (timeoutMs === 0) return deadlineAt;
  return Math.min(Date.now() + timeoutMs, deadlineAt ?? Number.POSITIVE_INFINITY);
};

/** A node's status goes to the client as it is: code, message and details. Source: engine contract, 4.4. */
export const statusError = (
  error: Pick<StatusObject, "code" | "details" | "metadata"> | null,
): EngineError => {
  const code = error?.code ?? status.UNKNOWN;
  const details = error?.details ?? "the node's answer has no message";
  const [rich] = error?.metadata?.get("grpc-status-details-bin") ?? [];
  return new EngineError(
    code === status.UNAVAILABLE ? "NODE_UNREACHABLE" : "NODE_STATUS",
    details,
    {
      grpc: { code, details, ...(Buffer.isBuffer(rich) && { rich }) },
      ...(error !== null && { cause: error }),
    },
  );
};
