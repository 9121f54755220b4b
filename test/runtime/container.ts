/** Model containers for tests: tiny HTTP servers that do as a script says. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};

export type Answer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

/** Answers one request; "never" leaves it without an answer. */
export type Script = (asked: Asked) => Answer | "never" | Promise<Answer | "never">;

export type Container = {
  readonly port: number;
  /** Requests that came in whole, in order. */
  readonly asked: readonly Asked[];
  /** Resolves when so many requests have come. */
  count(wanted: number): Promise<void>;
  /** Resolves when a request was left by its caller before an answer. */
  left(): Promise<void>;
  close(): Promise<void>;
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = "";
  request.setEncoding("utf8");
  for await (const chunk of request) body += chunk;
  return body;
};

export const startContainer = async (script: Script): Promise<Container> => {
  const asked: Asked[] = [];
  const server = createServer();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on("close", () => {
      if (!response.writableFinished) server.emit("left");
    });
    const one = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: await bodyOf(request),
    };
    asked.push(one);
    server.emit("asked");
    const answer = await script(one);
    if (answer === "never") return;
    response.writeHead(answer.status ?? 200, {
      "Content-Type": "application/json",
      ...answer.headers,
    });
    response.end(answer.body ?? "{}");
  };
  server.on("request", (request, response) => {
    serve(request, response).catch(() => response.destroy()); // the caller left inside its request
  });
  let lefts = 0;
  server.on("left", () => {
    lefts += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, // a TCP server's address is an AddressInfo
    asked,
    count: async (wanted) => {
      while (asked.length < wanted) await once(server, "asked");
    },
    left: async () => {
      if (lefts === 0) await once(server, "left");
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};
