/** Connections that Node's own parser reads: all but the plain ones. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream";
import { asEngineError, EngineError } from "../../errors.ts";
import { cancel, makeScope } from "../../scope.ts";
import { readBody } from "../body.ts";
import { type Connection, type Connections, refuseRest, watchConnections } from "../connections.ts";
import type { HttpAnswer, HttpRequest, HttpStream } from "../http.ts";
import { isBodiless } from "./answer-head.ts";
import { type Edge, failureOf, refusalOf, shortBytes } from "./edge.ts";

/** Makes a server answer the requests that it reads; the result keeps watch over a connection. */
export const serveParsed = (
  server: Server,
  edge: Edge,
): ((socket: Socket, unread: number) => Connection) => {
  const connections = watchConnections(server, edge);
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void serve({ edge, connections, request, response });
  };
  server.on("request", onRequest);
  // An Expect header is judged when the body is read: one that is too large is refused unsent.
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);
  return connections.open;
};

type Exchange = {
  readonly edge: Edge;
  readonly connections: Connections;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
};

const serve = async ({ edge, connections, request, response }: Exchange): Promise<void> => {
  const { handler, limits } = edge.options;
  const connection = connections.of(request.socket);
  if (connection === undefined || connection.refused) {
    request.resume();
    return;
  }
  const scope = makeScope();
  connection.inWork += 1;
  connection.reading = request;
  edge.inWork += 1;
  response.on("close", () => {
    edge.inWork -= 1;
    connections.endWork(connection, request);
    if (!response.writableFinished) {
      cancel(scope, new EngineError("CLIENT_GONE", "the client closed the connection"));
    }
  });
  const respond = makeRespond(edge, response);
  if (countHosts(request) > 1) {
    connection.refused = true; // what follows may be part of what others read otherwise
    const { headers, ...answer } = failureOf(edge, severalHosts());
    respond({ ...answer, headers: [...headers, "Connection", "close"] });
    return;
  }
  try {
    const refusal = refusalOf(edge, request.url ?? "/");
    if (refusal !== undefined) throw refusal;
    const body = await readBody(request, response, limits.maxBodyBytes);
    if (connection.givenUp === request) return;
    if (connection.reading === request) connection.reading = undefined;
    handler(requestOf(request, body, scope), respond);
  } catch (thrown) {
    const error = asEngineError(thrown);
    if (error.code === "CLIENT_GONE") response.destroy();
    else if (request.complete || isShort(request)) respond(failureOf(edge, error));
    else refuseRest(connection, failureOf(edge, error));
  }
};

const requestOf = (
  { method, url, rawHeaders, socket }: IncomingMessage,
  body: Buffer,
  scope: HttpRequest["scope"],
): HttpRequest => ({
  method: method ?? "GET",
  target: url ?? "/",
  headers: rawHeaders,
  body,
  peer: socket.remoteAddress,
  scope,
});

/** Of several, node:http takes the first. Source: RFC 9112, 3.2. */
const countHosts = ({ rawHeaders }: IncomingMessage): number => {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === "host") count += 1;
  }
  return count;
};

const severalHosts = (): EngineError =>
  new EngineError("REQUEST_INVALID", "the request names more than one Host; send one");

/** The rest of the body is so little that reading it costs less than a new connection. */
const isShort = ({ headers }: IncomingMessage): boolean =>
  headers.expect === undefined && Number(headers["content-length"]) <= shortBytes;

/** Answers once; what comes after is ignored. */
const makeRespond = (edge: Edge, response: ServerResponse) => {
  let answered = false;
  return (answer: HttpAnswer | HttpStream): void => {
    if (answered) {
      if ("stream" in answer) answer.stream.destroy();
      return;
    }
    answered = true;
    try {
      send(response, answer, edge.retiring);
    } catch (thrown) {
      if ("stream" in answer) answer.stream.destroy();
      sendFailure(response, failureOf(edge, thrown), edge.retiring); // nothing was sent: the head was at fault
    }
  };
};

const sendFailure = (response: ServerResponse, failure: HttpAnswer, retiring: boolean): void => {
  response.statusMessage = ""; // that of the answer which failed
  try {
    send(response, failure, retiring);
  } catch {
    response.destroy(); // there are no words for it
  }
};

const send = (
  response: ServerResponse,
  answer: HttpAnswer | HttpStream,
  retiring: boolean,
): void => {
  const headers = answer.headers.slice();
  if (retiring) headers.push("Connection", "close");
  if ("stream" in answer) {
    if (!response.destroyed) response.writeHead(answer.status, headers).flushHeaders();
    pipeline(answer.stream, response, () => {}); // either end's failure ends the other
    return;
  }
  if (response.destroyed) return;
  const { status } = answer;
  // Beside a text, node:http would write the headers in its encoding, and odd bytes in them twice.
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  const bodiless = isBodiless(status);
  if (!bodiless) headers.push("Content-Length", String(body?.length ?? 0));
  response.writeHead(status, headers);
  if (bodiless || body === undefined) response.end();
  else response.end(body);
};
