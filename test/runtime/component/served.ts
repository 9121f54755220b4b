import type { Client } from "@grpc/grpc-js";
import type { Action } from "../../../runtime/component/action.ts";
import { makeGrpcHandlers } from "../../../runtime/component/grpc.ts";
import { answerEdgeError, makeRestHandler } from "../../../runtime/component/rest.ts";
import type { Model } from "../../../runtime/component/user.ts";
import { defaultLimits } from "../../../runtime/limits.ts";
import { listenGrpc } from "../../../runtime/server/grpc.ts";
import { answering, listenHttp } from "../../../runtime/server/http.ts";
import { componentOf, silent } from "./fixture.ts";
import { openClient } from "./grpc-client.ts";
import { type Ask, makeAsks } from "./inference-client.ts";

const maxBytes = 100_000;

export type Options = { readonly action?: Action; readonly metadata?: object };
export type Served = {
  readonly url: string;
  readonly client: Client;
  /** Lets what is in work over gRPC end. */
  readonly stop: () => Promise<void>;
  readonly asks: Readonly<Record<string, Ask>>;
};

/** One class behind both ports. */
export const withServed = async <T>(
  model: Model,
  act: (served: Served) => Promise<T>,
  options: Options = {},
): Promise<T> => {
  const metadata = { ...options.metadata };
  const fixture = { ...componentOf(model, { ...options, metadata }), log: silent };
  const rest = await listenHttp({
    handler: answering(
      makeRestHandler({
        ...fixture,
        passthrough: undefined,
        maxDecompressedBytes: maxBytes,
      }),
      answerEdgeError,
    ),
    onError: answerEdgeError,
    limits: { ...defaultLimits, maxBodyBytes: maxBytes },
    port: 0,
    host: "127.0.0.1",
  });
  const grpc = await listenGrpc({
    ...makeGrpcHandlers(fixture),
    port: 0,
    host: "127.0.0.1",
    maxConnections: 10,
    maxMessageBytes: maxBytes,
  });
  const client = openClient(`127.0.0.1:${grpc.port}`);
  const url = `http://127.0.0.1:${rest.port}`;
  try {
    return await act({ url, client, stop: grpc.drain, asks: makeAsks(url, client) });
  } finally {
    client.close();
    rest.close();
    grpc.close();
  }
};
