/** Where events go: one address of an HTTP server. */
import { Agent, request } from "node:https";
import type { LookupFunction } from "node:net";
import { makeHttpClient } from "../client/http.ts";
import type { HttpReply } from "../client/reply-reader.ts";
import type { Deadlines } from "../deadlines.ts";
import { promised } from "../done.ts";
import { EngineError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { offCancel, onCancel, type Scope } from "../scope.ts";

export type Post = {
  /** Names and values by turns; without Host and Content-Length. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly scope: Scope;
};

export type Sink = {
  /** Host and port, for people. */
  readonly place: string;
  /**
   * Sends one request and answers with its status. There is no repetition and no redirect.
   *
   * @throws {EngineError} NODE_UNREACHABLE, NODE_TIMEOUT, NODE_PROTOCOL, or the scope's reason.
   */
  post(post: Post): Promise<number>;
  close(): void;
};

export type SinkOptions = {
  readonly limits: Limits;
  readonly deadlines: Deadlines;
  /** For one post. */
  readonly timeoutMs: number;
  /** How a sink's addresses are found. */
  readonly lookup: LookupFunction;
};

/** What a sink answers is of no use: its answer is read only to keep the connection. */
const maxReplyBytes = 1_048_576;

export const makeSink = (url: URL, options: SinkOptions): Sink =>
  url.protocol === "https:" ? makeTlsSink(url, options) : makePlainSink(url, options);

const makePlainSink = (url: URL, options: SinkOptions): Sink => {
  const { limits, deadlines, lookup, timeoutMs } = options;
  const client = makeHttpClient({
    host: hostOf(url),
    port: Number(url.port || 80),
    limits: { ...limits, maxBodyBytes: maxReplyBytes },
    deadlines,
    lookup,
  });
  const login = loginHeader(url);
  return {
    place: url.host,
    post: async ({ headers, body, scope }) => {
      const headerLines = lines([...headers, ...login]);
      const path = url.pathname + url.search;
      const sent = { method: "POST", path, headerLines, body, timeoutMs, scope };
      return (await promised<HttpReply>((done) => client.send(sent, done))).status;
    },
    close: () => client.close(),
  };
};

/** Nodes are called without TLS, so our own client knows none; a sink takes the time of Node's. */
const makeTlsSink = (url: URL, options: SinkOptions): Sink => {
  const { deadlines, timeoutMs, lookup } = options;
  const agent = new Agent({ keepAlive: true, scheduling: "lifo" });
  const login = loginHeader(url);
  const post = ({ headers, body, scope }: Post): Promise<number> =>
    new Promise((resolve, reject) => {
      const length = ["Content-Length", String(body.length)];
      const sent = request({
        method: "POST",
        host: hostOf(url),
        port: Number(url.port || 443),
        path: url.pathname + url.search,
        headers: ["Host", url.host, ...length, ...headers, ...login],
        agent,
        lookup,
      });
      const settle = (): void => {
        offCancel(scope, fail);
        deadlines.clear(deadline);
      };
      const fail = (reason: EngineError): void => {
        settle();
        sent.destroy();
        reject(reason);
      };
      const deadline = deadlines.set(timeoutMs, () =>
        fail(new EngineError("NODE_TIMEOUT", `no answer within ${timeoutMs} ms`)),
      );
      sent.on("error", (cause) =>
        fail(new EngineError("NODE_UNREACHABLE", cause.message, { cause })),
      );
      sent.on("response", (answer) => {
        answer.on("error", () => {}); // "close" follows
        answer.on("close", () => {
          settle();
          if (answer.complete) resolve(answer.statusCode ?? 0);
          else reject(new EngineError("NODE_UNREACHABLE", "the answer broke off"));
        });
        answer.resume();
      });
      onCancel(scope, fail);
      sent.end(body);
    });
  return {
    place: url.host,
    post: (one) => (one.scope.reason === undefined ? post(one) : Promise.reject(one.scope.reason)),
    close: () => agent.destroy(),
  };
};

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

const lines = (headers: readonly string[]): string => {
  let text = "";
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return text;
};

/** Name and password of the address. Source: RFC 7617. */
const loginHeader = ({ username, password }: URL): readonly string[] => {
  if (username === "" && password === "") return [];
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return ["Authorization", `Basic ${Buffer.from(login).toString("base64")}`];
};
