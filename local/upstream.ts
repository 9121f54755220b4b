import { type ClientHttp2Session, connect } from "node:http2";
import { type HttpCall, makeHttpClient } from "../runtime/client/http.ts";
import type { HttpReply } from "../runtime/client/reply-reader.ts";
import { openStream, type StreamAnswer } from "../runtime/client/stream.ts";
import type { Deadlines } from "../runtime/deadlines.ts";
import type { Limits } from "../runtime/limits.ts";
import { sessionMemoryMegabytes } from "./grpc-wire.ts";

/** Where a predictor takes requests: on its engine, or its container when it has no engine. */
export type Entry = { readonly http: number; readonly grpc: number };

/** The way to one predictor. */
export type Upstream = {
  /** Sends one request and reads the whole answer. */
  send(call: HttpCall): Promise<HttpReply>;
  /** Sends one request and hands over its answer as it comes. */
  stream(call: HttpCall): Promise<StreamAnswer>;
  /** Opens a connection for gRPC calls. What fails shows in the calls. */
  connect(): ClientHttp2Session;
  /** Counts one request as under way until what it answers is called. */
  hold(): () => void;
  /** Resolves when no request is under way; at once if none is. */
  idle(): Promise<void>;
  /** Closes its connections, each as soon as nothing is under way on it. */
  close(): void;
};

const host = "127.0.0.1";

export const makeUpstream = (entry: Entry, limits: Limits, deadlines: Deadlines): Upstream => {
  const client = makeHttpClient({ host, port: entry.http, limits, deadlines });
  const sessions = new Set<ClientHttp2Session>();
  const waiting: (() => void)[] = [];
  let inFlight = 0;

  const hold = (): (() => void) => {
    let isHeld = true;
    inFlight += 1;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      inFlight -= 1;
      if (inFlight === 0) for (const resolve of waiting.splice(0)) resolve();
    };
  };

  return {
    send: (call) => {
      const sent = new Promise<HttpReply>((resolve, reject) => {
        client.send(call, (error, reply) => {
          if (error === undefined) resolve(reply);
          else reject(error);
        });
      });
      return sent.finally(hold());
    },
    stream: async ({ host: hostHeader, ...call }) => {
      const release = hold();
      try {
        const named = hostHeader === undefined ? {} : { hostHeader };
        const answer = await openStream({ ...call, ...named, host, port: entry.http });
        answer.stream.on("close", release);
        return answer;
      } catch (error) {
        release();
        throw error;
      }
    },
    connect: () => {
      const session = connect(`http://${host}:${entry.grpc}`, {
        maxSessionMemory: sessionMemoryMegabytes,
        settings: { enablePush: false },
      });
      sessions.add(session);
      session.on("error", () => {}); // each of its calls hears of it
      session.on("close", () => sessions.delete(session));
      return session;
    },
    hold,
    idle: () =>
      inFlight === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    close: () => {
      client.close();
      for (const session of sessions) session.close();
    },
  };
};
