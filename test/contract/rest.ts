/** REST in tests: containers over node:http, and requests whose whole answer is kept. */
import { once } from "node:events";
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as open,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Later } from "./cleanup.ts";

export type RestSeen = {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Resolves when the connection is closed under the answer. */
  readonly left: Promise<void>;
};

export type RestAnswer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
};

export type RestHost = { readonly httpPort: number; readonly seen: readonly RestSeen[] };

/** What a container does; it may also answer by itself, piece by piece. */
export type RestHandler = (
  seen: RestSeen,
  response: ServerResponse,
) => RestAnswer | undefined | Promise<RestAnswer | undefined>;

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
};

/** A container; paths it does not know are 404. */
export const openRestHost = async (
  later: Later,
  handlers: Readonly<Record<string, RestHandler>>,
): Promise<RestHost> => {
  const seen: RestSeen[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const left = new Promise<void>((resolve) => {
      response.on("close", () => {
        if (!response.writableFinished) resolve();
      });
    });
    const path = request.url ?? "";
    const { method = "", headers } = request;
    const one: RestSeen = { path, method, headers, body: await bodyOf(request), left };
    seen.push(one);
    const handler = handlers[path];
    const given =
      handler === undefined ? { status: 404, body: `no ${path}` } : await handler(one, response);
    if (given === undefined) return;
    const type = { "content-type": "application/json" };
    response.writeHead(given.status ?? 200, { ...type, ...given.headers }).end(given.body);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  later(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  return { httpPort: (server.address() as AddressInfo).port, seen }; // a TCP server's address
};

export type RestOutcome = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** GETs on a connection of its own. */
export const get = async (port: number, path: string): Promise<RestOutcome> =>
  outcomeOf(open({ host: "127.0.0.1", port, path, agent: false }).end());

/** POSTs on a connection of its own. */
export const post = async (
  port: number,
  path: string,
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = { "content-type": "application/json" },
): Promise<RestOutcome> => {
  const request = open({ host: "127.0.0.1", port, path, method: "POST", headers, agent: false });
  return outcomeOf(request.end(body));
};

const outcomeOf = async (request: ClientRequest): Promise<RestOutcome> => {
  const [response] = (await once(request, "response")) as [IncomingMessage]; // as node:http says
  const { statusCode = 0 } = response;
  return { status: statusCode, headers: response.headers, body: await bodyOf(response) };
};
