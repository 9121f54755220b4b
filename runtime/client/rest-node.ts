/** A node that is a container: messages out over REST, answers in. */
import type { Call } from "../engine/call.ts";
import { EngineError, type NodeAnswer } from "../errors.ts";
import type { NodeClient } from "../graph.ts";
import { readCount } from "../headers.ts";
import type { Limits } from "../limits.ts";
import type { Payload } from "../payload.ts";
import type { RestProtocol, Verb } from "../protocol/protocol.ts";
import { unpackReply } from "./encoding.ts";
import type { HttpClient } from "./http.ts";
import { followRedirects } from "./redirect.ts";
import { replyHeader } from "./reply-header.ts";
import type { HttpReply } from "./reply-reader.ts";
import { openStream } from "./stream.ts";

/** What a REST client sent along. */
export type RestCarried = {
  /** Header lines for calls to nodes, each ended by CRLF. */
  readonly headerLines: string;
  /** The client asked for compressed answers: they pass through as they are. */
  readonly acceptsEncoding: boolean;
};

export type RestNodeOptions = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly client: HttpClient;
  readonly protocol: RestProtocol;
  /** For one exchange; 0 means no limit. */
  readonly timeoutMs: number;
  readonly limits: Limits;
  /** A client for a host that a redirect names. */
  readonly clientFor: (host: string, port: number) => HttpClient;
  readonly observe: Observe;
};

/** Told of every answered call, each redirect as one. `seconds` is the time from sending to the whole answer. */
export type Observe = (call: {
  readonly verb: Verb;
  readonly path: string;
  readonly model: string;
  readonly method: "get" | "post";
  readonly status: number;
  readonly seconds: number;
}) => void;

/** A message goes by POST; GET asks without one. */
export const makeRestNode = (options: RestNodeOptions): NodeClient<RestCarried> => ({
  call: async (verb, message, call) => {
    const { name, client, protocol, limits, observe } = options;
    const model = call.modelName ?? name;
    const path = protocol.path(verb, model);
    const reply = await followRedirects(
      client,
      {
        method: message === undefined ? "GET" : "POST",
        path,
        headerLines:
          message === undefined
            ? call.carried.headerLines
            : contentLines(message) + call.carried.headerLines,
        body: message?.body,
        timeoutMs: options.timeoutMs,
        scope: call.scope,
      },
      {
        clientFor: options.clientFor,
        onReply: (sent, { status }, seconds) => {
          const method = sent.method === "GET" ? "get" : "post";
          observe({ verb, path, model, method, status, seconds });
        },
      },
    );
    const answer = await unpack(reply, call, limits);
    if (answer.status === 200) return answer;
    // The wording is part of the interface. Source: engine contract, 2.6.
    throw new EngineError(
      "NODE_STATUS",
      `Internal service call from executor failed calling http://${client.authority}${path} status code ${answer.status}`,
      { answer },
    );
  },
  stream: (verb, message, { carried, modelName, scope }) => {
    const { name, host, port, protocol, timeoutMs } = options;
    return openStream({
      host,
      port,
      path: protocol.path(verb, modelName ?? name),
      headerLines: contentLines(message) + carried.headerLines,
      body: message.body,
      timeoutMs,
      scope,
    });
  },
});

/** A message without a type goes with an empty one. Source: engine contract, 5.2. */
const contentLines = ({ contentType, contentEncoding, jsonBytes }: Payload): string => {
  let lines = `Content-Type: ${contentType ?? ""}\r\n`;
  if (contentEncoding) lines += `Content-Encoding: ${contentEncoding}\r\n`;
  if (jsonBytes !== undefined) lines += `Inference-Header-Content-Length: ${jsonBytes}\r\n`;
  return lines;
};

const unpack = async (
  reply: HttpReply,
  call: Call<RestCarried>,
  limits: Limits,
): Promise<NodeAnswer> => {
  const jsonBytes = readCount(replyHeader(reply, "inference-header-content-length"));
  const answer = {
    status: reply.status,
    body: reply.body,
    contentType: replyHeader(reply, "content-type"),
    contentEncoding: replyHeader(reply, "content-encoding"),
    ...(jsonBytes !== undefined && { jsonBytes }),
  };
  return call.carried.acceptsEncoding || answer.contentEncoding?.toLowerCase() !== "gzip"
    ? answer
    : unpackReply(answer, limits.maxDecompressedBytes);
};
