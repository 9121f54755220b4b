/** Calls to nodes over gRPC, on our own HTTP/2. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Deadlines } from "../deadlines.ts";
import type { Done } from "../done.ts";
import type { Http2Limits } from "../http2/types.ts";
import type { Limits } from "../limits.ts";
import { type ClientMeans, makeHeads } from "./grpc-call.ts";
import { makeChannel } from "./grpc-channel.ts";
import {
  type DuplexAsk,
  type NodeStream,
  type NodeStreamEvents,
  openDuplex,
} from "./grpc-duplex.ts";
import { callUnary, type GrpcAsk } from "./grpc-unary.ts";

export type GrpcClient = {
  /**
   * Fails with the node's status as NODE_STATUS or NODE_UNREACHABLE, with NODE_TIMEOUT, or the
   * reason why the call's scope ended.
   */
  call(ask: GrpcAsk, done: Done<Buffer>): void;
  open(ask: DuplexAsk, heard: NodeStreamEvents): NodeStream;
  /** Closes idle connections, and the others as soon as their answers have come. */
  close(): void;
};

export type GrpcClientOptions = {
  readonly host: string;
  readonly port: number;
  readonly limits: Pick<Limits, "maxBodyBytes"> & Partial<Pick<Limits, "maxHeaderBytes">>;
  readonly deadlines: Deadlines;
  /** Finds the addresses of the host; as the system does it if absent. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
};

const nodeLimits: Partial<Http2Limits> = {
  // What waits for a node is held by its calls in any case.
  connectionOutputBytes: Number.MAX_SAFE_INTEGER,
  // Servers of gRPC take pings for a nuisance when they come more often than every five minutes.
  keepAliveMs: 0,
  // A model that is busy may leave a request where it is; calls have deadlines of their own.
  stallMs: 600_000,
};

/** As the system finds them: files and search domains included. */
const bySystem = async (host: string): Promise<readonly string[]> =>
  isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];

/**
 * Each call goes to the next of all addresses that the host stands for. A call is made once, but
 * for one that a node has not seen, as when it closes a connection.
 *
 * Source: deviation E14; engine contract, 10.2.
 */
export const makeGrpcClient = (options: GrpcClientOptions): GrpcClient => {
  const { host, port, deadlines, limits, resolve = bySystem } = options;
  const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const channel = makeChannel({
    port,
    resolve: () => resolve(host),
    deadlines,
    limits: {
      ...nodeLimits,
      ...(limits.maxHeaderBytes !== undefined && { headerListBytes: limits.maxHeaderBytes }),
    },
  });
  const means: ClientMeans = {
    channel,
    deadlines,
    authority,
    maxMessageBytes: limits.maxBodyBytes,
    headOf: makeHeads(authority),
  };
  return {
    call: (ask, done) => callUnary(means, ask, done),
    open: (ask, heard) => openDuplex(means, ask, heard),
    close: () => channel.close(),
  };
};
