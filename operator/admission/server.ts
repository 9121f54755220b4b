/**
 * The HTTPS edge of the webhook: a body in, a review out.
 *
 * Whoever reaches its port may ask, which in most clusters is anybody: what a caller can make it
 * hold is bounded in size, in number and in time.
 *
 * Source: operator contract, 3 (paths); Kubernetes, dynamic admission control.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { createSecureContext } from "node:tls";
import type { Issue, Result } from "../../api/result.ts";
import { makeBodyReader } from "./body.ts";
import type { KeyPair } from "./issue.ts";
import type { Reviewed } from "./review.ts";

export type ServerOptions = {
  /** 0 takes a free one. */
  readonly port: number;
  /** Address to listen on; all interfaces if absent. */
  readonly host?: string | undefined;
  readonly paths: readonly string[];
  readonly review: (body: unknown) => Result<Reviewed>;
  /** Hears of what was answered with an error, and why. */
  readonly onRefusal: (status: number, message: string) => void;
};

export type AdmissionServer = {
  readonly port: number;
  /**
   * Serves new connections with this certificate; open ones go on. Before the first, none is served.
   *
   * @throws {Error} when the two are no certificate and its key; the former one stays.
   */
  use(pair: KeyPair): void;
  /** Answers what is being asked, takes no more, and is closed after `graceMs` at the latest. */
  close(graceMs: number): Promise<void>;
};

/** API servers keep connections open between reviews. */
const idleMs = 120_000;
const bounds = { connections: 512, headerBytes: 16_384, headersMs: 10_000, requestMs: 20_000 };

/** @throws {Error} when it cannot listen there. */
export const openServer = async (options: ServerOptions): Promise<AdmissionServer> => {
  const answer = makeAnswerer(options);
  let isClosing = false;
  const server = createServer(
    {
      minVersion: "TLSv1.2",
      maxHeaderSize: bounds.headerBytes,
      headersTimeout: bounds.headersMs,
      requestTimeout: bounds.requestMs,
      handshakeTimeout: bounds.headersMs,
      keepAliveTimeout: idleMs,
    },
    (request, response) => {
      response.shouldKeepAlive &&= !isClosing;
      void answer(request, response);
    },
  );
  server.maxConnections = bounds.connections;
  server.on("clientError", (_error, socket) => socket.destroy());
  server.listen(options.port, options.host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    use: ({ certificate, key }) => {
      const material = { cert: certificate, key, minVersion: "TLSv1.2" } as const;
      createSecureContext(material); // throws before anything has changed
      server.setSecureContext(material);
    },
    close: (graceMs) => {
      isClosing = true;
      return closeWithin(server, graceMs);
    },
  };
};

const closeWithin = async (server: Server, graceMs: number): Promise<void> => {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
};

/** What is wrong with a request itself; the API server shows the text to its users. */
type Refusal = { readonly status: number; readonly message: string };

const makeAnswerer = ({ paths, review, onRefusal }: ServerOptions) => {
  const read = makeBodyReader();

  const respond = async (request: IncomingMessage): Promise<Reviewed | Refusal> => {
    const refusal = refusalOf(request, paths);
    if (refusal !== undefined) return refusal;
    const body = await read(request);
    if (body === "too large") return { status: 413, message: "the review is larger than 8 MiB" };
    if (body === "too busy") return { status: 503, message: "too many reviews at once; try again" };
    const value = parseJson(body);
    if (value === undefined) return { status: 400, message: "the review is not JSON in UTF-8" };
    const reviewed = review(value.json);
    return reviewed.ok ? reviewed.value : { status: 400, message: sentence(reviewed.issues) };
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const answer = await respond(request);
      if ("response" in answer) return send(response, 200, answer);
      onRefusal(answer.status, answer.message);
      refuse(response, answer);
    } catch (error) {
      if (request.errored) return; // the caller has left
      onRefusal(500, String(error));
      refuse(response, { status: 500, message: "the webhook failed; its log says why" });
    }
  };
};

const refusalOf = (
  { url = "", method, headers }: IncomingMessage,
  paths: readonly string[],
): Refusal | undefined => {
  const [path = ""] = url.split("?"); // the API server adds ?timeout=10s
  if (!paths.includes(path)) {
    return { status: 404, message: `nothing is here; reviews go to ${paths.join(", ")}` };
  }
  if (method !== "POST") return { status: 405, message: "send reviews by POST" };
  return /^application\/json\b/i.test(headers["content-type"] ?? "")
    ? undefined
    : { status: 415, message: "send reviews as application/json" };
};

const parseJson = (body: Buffer): { readonly json: unknown } | undefined => {
  try {
    return { json: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) };
  } catch {
    return undefined;
  }
};

const sentence = (issues: readonly Issue[]): string =>
  issues.map(({ path, message }) => `${path} ${message}`).join("; ");

/** What was not read of the request is not waited for: the connection ends with the answer. */
const refuse = (response: ServerResponse, { status, message }: Refusal): void => {
  response.setHeader("connection", "close");
  if (status === 405) response.setHeader("allow", "POST");
  const reason = { apiVersion: "v1", kind: "Status", status: "Failure", code: status, message };
  send(response, status, reason);
};

const send = (response: ServerResponse, status: number, body: object): void => {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": bytes.length,
  });
  response.end(bytes);
};
