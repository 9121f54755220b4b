/** A node that is a container: messages out over gRPC as opaque bytes, answers in. */
import { EngineError, grpcCodeOf } from "../errors.ts";
import type { NodeClient } from "../graph.ts";
import { grpcCodes } from "../grpc-status.ts";
import type { Fields } from "../http2/types.ts";
import type { Observe } from "../latency.ts";
import type { Payload } from "../payload.ts";
import type { GrpcProtocol } from "../protocol/grpc.ts";
import type { Verb } from "../protocol/protocol.ts";
import type { GrpcClient } from "./grpc-client.ts";

/** What a gRPC client sent along. */
export type GrpcCarried = {
  /** Entries for calls to nodes. */
  readonly metadata: Fields;
  /** The client's own deadline, in milliseconds since the epoch. */
  readonly deadlineAt: number | undefined;
};

export type GrpcNodeOptions = {
  readonly name: string;
  readonly client: GrpcClient;
  readonly protocol: GrpcProtocol;
  /** For one call; 0 means no limit. */
  readonly timeoutMs: number;
  /** Finds what is told the time of every call that was answered so. */
  readonly series: (rpc: string, code: number, model: string) => Observe;
};

export const makeGrpcNode = (options: GrpcNodeOptions): NodeClient<GrpcCarried> => {
  const { name, client, protocol, timeoutMs } = options;
  const seriesOf = remembering(options);
  return {
    call: (verb, message, { modelName, carried, scope, bodies }, done) => {
      const model = modelName ?? name;
      const asked = protocol.nodeCall(verb, asRequest(protocol, { verb, message, model }));
      if (asked === undefined) throw notOffered(name, verb);
      const { rpc, body, answer } = asked;
      const started = performance.now();
      const count = (code: number): void =>
        seriesOf(rpc, code, model)((performance.now() - started) / 1000);
      const ask = {
        rpc,
        body,
        metadata: carried.metadata,
        timeoutMs: earliest(timeoutMs, leftUntil(carried.deadlineAt)),
        scope,
      };
      client.call(ask, (error, bytes) => {
        if (error === undefined) {
          count(grpcCodes.OK);
          bodies?.push(bytes);
          const payload = { body: bytes, message: answer };
          done(undefined, { ...payload, contentType: undefined, contentEncoding: undefined });
        } else {
          // as v1 does, also where the client or its deadline ended the call
          count(grpcCodeOf(error));
          done(error, undefined);
        }
      });
    },
    duplex: (rpc, { metadata, deadlineAt }, heard) =>
      client.open({ rpc, metadata, timeoutMs: leftUntil(deadlineAt) }, heard),
  };
};

/** Finds the series of the node's own name and of success, the usual one, at once. */
const remembering = ({ name, series }: GrpcNodeOptions): GrpcNodeOptions["series"] => {
  const usual = new Map<string, Observe>();
  return (rpc, code, model) => {
    if (code !== grpcCodes.OK || model !== name) return series(rpc, code, model);
    const found = usual.get(rpc) ?? series(rpc, code, model);
    usual.set(rpc, found);
    return found;
  };
};

type Sent = { readonly verb: Verb; readonly message: Payload | undefined; readonly model: string };

/** A router takes a request, whatever came before it: an RPC has a type, a path of REST has none. */
const asRequest = ({ codec }: GrpcProtocol, { verb, message, model }: Sent): Payload | undefined =>
  verb === "route" && message !== undefined ? codec.chain(message, model) : message;

const notOffered = (name: string, verb: Verb): EngineError =>
  new EngineError("RPC_NOT_OFFERED", `node ${name}: the protocol has no RPC for ${verb}`);

const leftUntil = (deadlineAt: number | undefined): number | undefined =>
  deadlineAt === undefined ? undefined : deadlineAt - Date.now();

const earliest = (timeoutMs: number, leftMs: number | undefined): number | undefined => {
  if (timeoutMs === 0) return leftMs;
  return Math.min(timeoutMs, leftMs ?? timeoutMs);
};
