import { fileURLToPath } from "node:url";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { loadSync, type ServiceDefinition } from "@grpc/proto-loader";
import type { Asker, Flow } from "./messages.ts";

const proto = fileURLToPath(
  new URL("../../../runtime/protocol/proto/seldon.proto", import.meta.url),
);

// as: the service is in our own file
const service = loadSync(proto, { keepCase: true })["seldon.protos.Seldon"] as ServiceDefinition;
const predict = service["Predict"];

const message = {
  data: { ndarray: { values: [{ listValue: { values: [{ numberValue: 0 }] } }] } },
};

type ListValue = { readonly values?: readonly Value[] };
type Value = { readonly listValue?: ListValue; readonly numberValue?: number };
type Answer = { readonly data?: { readonly ndarray?: ListValue } };

export const openGrpc = ({ host, port, isFresh, headers = {} }: Flow): Asker => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const open = (): Client =>
    new Client(`${host}:${port}`, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1, // a channel of its own has a connection of its own
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1000,
      "grpc.enable_http_proxy": 0,
    });
  const shared = isFresh ? undefined : open();
  const ask = async (limitMs: number): Promise<string> => {
    const client = shared ?? open();
    try {
      return numberIn(await call(client, metadata, limitMs));
    } finally {
      if (isFresh) client.close();
    }
  };
  return { ask, close: () => shared?.close() };
};

const call = (client: Client, metadata: Metadata, limitMs: number): Promise<Answer> =>
  new Promise((resolve, reject) => {
    if (predict === undefined) throw new Error("seldon.proto has no Predict");
    const { path, requestSerialize, responseDeserialize } = predict;
    client.makeUnaryRequest(
      ...([path, requestSerialize, responseDeserialize] as const),
      ...([message, metadata, { deadline: Date.now() + limitMs }] as const),
      (error: Error | null, answer?: object) => {
        if (error) reject(error);
        else resolve(answer ?? {});
      },
    );
  });

const numberIn = ({ data }: Answer): string =>
  String(data?.ndarray?.values?.[0]?.listValue?.values?.[0]?.numberValue);
