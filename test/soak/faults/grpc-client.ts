/** Calls over gRPC by @grpc/grpc-js, their answers compared: how the odd clients ask. */
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { Asked, Outcome } from "./judge.ts";
import { protoOf } from "./message.ts";

/** Source: engine contract, 4.1. */
export const predict = "/seldon.protos.Seldon/Predict";

const same = (bytes: Buffer): Buffer => bytes;
const deadlineExceeded = 4;

export type GrpcConnection = {
  ask(asked: Asked, text: string): Promise<Outcome>;
  /** The same, given up after so long: `none` unless the answer was faster. */
  leave(asked: Asked, text: string, afterMs: number): Promise<Outcome>;
  close(): void;
};

export const makeGrpcConnection = (port: number, deadlineMs: number): GrpcConnection => {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": -1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 100,
  });
  const ask = (asked: Asked, text: string, leaveAfterMs?: number): Promise<Outcome> =>
    new Promise((resolve) => {
      const metadata = new Metadata();
      metadata.set("seldon-puid", asked.id);
      const body = protoOf(text);
      let initial = "";
      let answer: Buffer = Buffer.alloc(0);
      const deadline = Date.now() + deadlineMs;
      const call = client.makeUnaryRequest(
        predict,
        same,
        same,
        body,
        metadata,
        { deadline },
        (_, value) => {
          answer = value ?? answer;
        },
      );
      call.on("metadata", (given) => {
        initial = String(given.get("seldon-puid")[0] ?? "");
      });
      call.on("status", ({ code, details }) => {
        const what = `id ${initial}, ${code}: ${details}`;
        const late =
          code === deadlineExceeded && performance.now() - asked.sentAt >= 0.9 * deadlineMs;
        if (late) resolve({ is: "none", what });
        else if (code !== 0) resolve({ is: "error", code, what });
        else if (initial === asked.id && answer.equals(body)) resolve({ is: "right" });
        else resolve({ is: "wrong", what: `${what}: ${answer.toString("latin1", 0, 300)}` });
      });
      if (leaveAfterMs !== undefined) setTimeout(() => call.cancel(), leaveAfterMs);
    });
  return {
    ask: (asked, text) => ask(asked, text),
    leave: ask,
    close: () => client.close(),
  };
};
