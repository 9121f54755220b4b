/**
 * Answers that are passed on as they come, such as server-sent events. They are rare and long, so
 * node:http's client does: nothing is collected, and what the reader does not take is not read.
 */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { EngineError } from "../errors.ts";
import { Agent, request } from "../node-http.ts";
import { type Cancelled, offCancel, onCancel, type Scope } from "../scope.ts";

export type StreamCall = {
  /** POST if absent. */
  readonly method?: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Header lines, each ended by CRLF. */
  readonly headerLines: string;
  /** Value of the Host header; the place that is called if absent. */
  readonly hostHeader?: string;
  /** Undefined sends no body and no Content-Length. */
  readonly body: Buffer | undefined;
  /** Until the first byte of the answer; 0 means no limit. */
  readonly timeoutMs: number;
  readonly scope: Scope;
};

export type StreamAnswer = {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Names and values by turns, as they came. */
  readonly headers: readonly string[];
  /** Ends with an error if the node breaks off, or the scope ends. */
  readonly stream: Readable;
};

const agent = new Agent({ keepAlive: true });

/** @throws {EngineError} NODE_UNREACHABLE, NODE_TIMEOUT, or the scope's reason. */
export const openStream = (call: StreamCall): Promise<StreamAnswer> =>
  new Promise((resolve, reject) => {
    const { method = "POST", host, port, path, scope, body, timeoutMs } = call;
    const name = `${method} http://${host}:${port}${path}`;
    const sent = request({ host, port, path, method, agent, headers: headersOf(call) });
    const fail = (error: EngineError): void => {
      finish();
      sent.destroy();
      reject(error);
    };
    const giveUp: Cancelled = (reason) => {
      finish();
      sent.destroy(reason);
      reject(reason);
    };
    const finish = (): void => {
      offCancel(scope, giveUp);
      clearTimeout(timer);
    };
    const timer =
      timeoutMs > 0
        ? setTimeout(
            () =>
              fail(new EngineError("NODE_TIMEOUT", `${name}: no answer within ${timeoutMs} ms`)),
            timeoutMs,
          )
        : undefined;
    sent.on("error", (cause) => {
      fail(new EngineError("NODE_UNREACHABLE", `${name}: ${cause.message}`, { cause }));
    });
    sent.on("response", (answer: IncomingMessage) => {
      clearTimeout(timer);
      answer.on("close", finish);
      resolve({
        status: answer.statusCode ?? 0,
        contentType: answer.headers["content-type"],
        contentEncoding: answer.headers["content-encoding"],
        headers: answer.rawHeaders,
        stream: answer,
      });
    });
    onCancel(scope, giveUp);
    sent.end(body);
  });

/** Node.js takes names and values by turns, so repeated names stay repeated. */
const headersOf = (call: StreamCall): readonly string[] => {
  const { headerLines, hostHeader, body, host, port } = call;
  const headers = ["Host", hostHeader ?? `${host}:${port}`];
  if (body !== undefined) headers.push("Content-Length", String(body.length));
  for (const line of headerLines.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.push(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
};
