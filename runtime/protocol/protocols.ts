import type { GrpcProtocol } from "./grpc.ts";
import type { RestProtocol } from "./protocol.ts";
import { makeSeldonGrpc } from "./seldon-grpc.ts";
import { makeSeldonRest } from "./seldon-rest.ts";

/** One protocol over both transports. */
export type Protocol = { readonly rest: RestProtocol; readonly grpc: GrpcProtocol };

/** The protocols by the word that `--protocol` takes; each is made for a limit on unpacked messages. */
export const protocols: Readonly<Record<string, (limitBytes: number) => Protocol>> = {
  seldon: (limitBytes) => ({ rest: makeSeldonRest(limitBytes), grpc: makeSeldonGrpc() }),
};
