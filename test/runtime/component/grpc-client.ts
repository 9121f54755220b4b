import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { decode, encode } from "../protocol/messages.ts";

export const same = (bytes: Buffer): Buffer => bytes;

export type GrpcReply = {
  readonly code: number;
  readonly details: string;
  /** Empty if the call failed. */
  readonly body: Buffer;
};

/** A client of bytes; close it when done. */
export const openClient = (address: string): Client =>
  new Client(address, credentials.createInsecure(), { "grpc.max_receive_message_length": -1 });

export const callBytes = (client: Client, path: string, body: Buffer): Promise<GrpcReply> =>
  new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, body, (error: ServiceError | null, answer) => {
      resolve({
        code: error?.code ?? 0,
        details: error?.details ?? "",
        body: answer ?? Buffer.alloc(0),
      });
    });
  });

export type Rpc = { readonly path: string; readonly request: string; readonly response: string };

export const seldonRpc = (method: string, request = "SeldonMessage"): Rpc => ({
  path: `/seldon.protos.${method}`,
  request: `seldon.protos.${request}`,
  response: "seldon.protos.SeldonMessage",
});

/** A call with messages in protobufjs's plain form. */
export const callPlain = async (
  client: Client,
  { path, request, response }: Rpc,
  plain: object,
): Promise<GrpcReply & { readonly message: Record<string, unknown> }> => {
  const reply = await callBytes(client, path, encode(request, plain));
  return { ...reply, message: decode(response, reply.body) };
};
