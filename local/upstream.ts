import { type HttpCall, makeHttpClient } from "../runtime/client/http.ts";
import type { HttpReply } from "../runtime/client/reply-reader.ts";
import type { Deadlines } from "../runtime/deadlines.ts";
import type { Limits } from "../runtime/limits.ts";

/** Where the requests of one predictor go: its engine, or its container when it has no engine. */
export type Upstream = {
  readonly port: number;
  send(call: HttpCall): Promise<HttpReply>;
  /** Resolves when no request is under way; at once if none is. */
  idle(): Promise<void>;
  /** Closes its connections. */
  close(): void;
};

export const makeUpstream = (port: number, limits: Limits, deadlines: Deadlines): Upstream => {
  const client = makeHttpClient({ host: "127.0.0.1", port, limits, deadlines });
  const waiting: (() => void)[] = [];
  let inFlight = 0;

  return {
    port,
    send: async (call) => {
      inFlight += 1;
      try {
        return await client.send(call);
      } finally {
        inFlight -= 1;
        if (inFlight === 0) for (const resolve of waiting.splice(0)) resolve();
      }
    },
    idle: () =>
      inFlight === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    close: () => client.close(),
  };
};
