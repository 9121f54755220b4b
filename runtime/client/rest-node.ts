/** A node that is a container: messages out over REST, answers in. */
import { type Done, settle } from "../done.ts";
import { EngineError, type NodeAnswer } from "../errors.ts";
import type { NodeClient } from "../graph.ts";
import { readCount } from "../headers.ts";
import type { Limits } from "../limits.ts";
import type { Count } from "../metrics.ts";
import type { Payload } from "../payload.ts";
import type { RestProtocol, Verb } from "../protocol/protocol.ts";
import { unpackReply } from "./encoding.ts";
import type { HttpCall, HttpClient } from "./http.ts";
import { followRedirects, isRedirect, type Redirected, type RedirectOptions } from "./redirect.ts";
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
  readonly counter: Counter;
};

/** Makes what is told of every answered call, each redirect as one. `seconds` is the time from sending to the whole answer. */
export type Counter = (labels: {
  readonly path: string;
  readonly model: string;
  readonly method: "get" | "post";
}) => Count;

/** Where a verb goes, and how its answers are counted. */
type Way = { readonly path: string; readonly post: Count; readonly get: Count };

/** A message goes by POST; GET asks without one. */
export const makeRestNode = (options: RestNodeOptions): NodeClient<RestCarried> => {
  const { name, client, timeoutMs } = options;
  const own = new Map<Verb, Way>(); // made at the first call and kept: a node has one name
  const wayOf = (verb: Verb, model: string): Way => {
    const known = model === name ? own.get(verb) : undefined;
    if (known !== undefined) return known;
    const made = makeWay(options, verb, model);
    if (model === name) own.set(verb, made);
    return made;
  };
  return {
    call: (verb, message, call, done) => {
      const model = call.modelName ?? name;
      const way = wayOf(verb, model);
      const sent: HttpCall = {
        method: message === undefined ? "GET" : "POST",
        path: way.path,
        headerLines:
          message === undefined
            ? call.carried.headerLines
            : contentLines(message) + call.carried.headerLines,
        body: message?.body,
        timeoutMs,
        scope: call.scope,
      };
      const started = performance.now();
      const { acceptsEncoding } = call.carried;
      client.send(sent, (error, reply) => {
        if (error !== undefined) {
          done(error, undefined);
          return;
        }
        const count = message === undefined ? way.get : way.post;
        count(reply.status, (performance.now() - started) / 1000);
        if (isRedirect(reply)) {
          const redirected = { client, call: sent, started, reply };
          follow(options, { verb, model, redirected, acceptsEncoding }, done);
        } else tell(options, { path: way.path, reply, acceptsEncoding }, done);
      });
    },
    stream: (verb, message, { carried, modelName, scope }) => {
      const { host, port, protocol } = options;
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
  };
};

const makeWay = ({ protocol, counter }: RestNodeOptions, verb: Verb, model: string): Way => {
  const path = protocol.path(verb, model);
  const post = counter({ path, model, method: "post" });
  return { path, post, get: counter({ path, model, method: "get" }) };
};

type Pointed = {
  readonly verb: Verb;
  readonly model: string;
  readonly redirected: Redirected;
  readonly acceptsEncoding: boolean;
};

const follow = (
  options: RestNodeOptions,
  { verb, model, redirected, acceptsEncoding }: Pointed,
  done: Done<NodeAnswer>,
): void => {
  const { protocol, counter, clientFor } = options;
  const path = protocol.path(verb, model);
  const onReply: RedirectOptions["onReply"] = ({ method }, { status }, seconds) =>
    counter({ path, model, method: method === "GET" ? "get" : "post" })(status, seconds);
  const followed: Done<HttpReply> = (error, reply) => {
    if (error !== undefined) done(error, undefined);
    else tell(options, { path, reply, acceptsEncoding }, done);
  };
  settle(() => followRedirects(redirected, { clientFor, onReply }), followed);
};

type Replied = {
  readonly path: string;
  readonly reply: HttpReply;
  readonly acceptsEncoding: boolean;
};

/** Anything but 200 is an error. */
const tell = (
  options: RestNodeOptions,
  { path, reply, acceptsEncoding }: Replied,
  done: Done<NodeAnswer>,
): void => {
  const answer = answerOf(reply);
  const judge = (unpacked: NodeAnswer): void => {
    if (unpacked.status === 200) done(undefined, unpacked);
    else done(refused(options, path, unpacked), undefined);
  };
  if (acceptsEncoding || answer.contentEncoding?.toLowerCase() !== "gzip") judge(answer);
  else {
    const { maxDecompressedBytes } = options.limits;
    settle(
      () => unpackReply(answer, maxDecompressedBytes),
      (error, unpacked) => {
        if (error !== undefined) done(error, undefined);
        else judge(unpacked);
      },
    );
  }
};

/** The wording is part of the interface. Source: engine contract, 2.6. */
const refused = ({ client }: RestNodeOptions, path: string, answer: NodeAnswer): EngineError =>
  new EngineError(
    "NODE_STATUS",
    `Internal service call from executor failed calling http://${client.authority}${path} status code ${answer.status}`,
    { answer },
  );

const answerOf = (reply: HttpReply): NodeAnswer => {
  const jsonBytes = readCount(replyHeader(reply, "inference-header-content-length"));
  return {
    status: reply.status,
    body: reply.body,
    contentType: replyHeader(reply, "content-type"),
    contentEncoding: replyHeader(reply, "content-encoding"),
    ...(jsonBytes !== undefined && { jsonBytes }),
  };
};

/** A message without a type goes with an empty one. Source: engine contract, 5.2. */
const contentLines = ({ contentType, contentEncoding, jsonBytes }: Payload): string => {
  let lines = `Content-Type: ${contentType ?? ""}\r\n`;
  if (contentEncoding) lines += `Content-Encoding: ${contentEncoding}\r\n`;
  if (jsonBytes !== undefined) lines += `Inference-Header-Content-Length: ${jsonBytes}\r\n`;
  return lines;
};
