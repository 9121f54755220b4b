/** A small server for those who look after a process: metrics, and whether it lives and is ready. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type AdminOptions = {
  /** Undefined: every address. */
  readonly host: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  /** The text of a scrape, and its content type. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  /** Why the process is not ready; undefined: it is. */
  readonly unready: () => string | undefined;
};

export type Admin = {
  readonly port: number;
  close(): Promise<void>;
};

const headerTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;

type Answer = { readonly status: number; readonly type: string; readonly text: string };

const plain = (status: number, text: string): Answer => ({
  status,
  type: "text/plain; charset=utf-8",
  text: `${text}\n`,
});

const answer = async (
  { method = "", url = "" }: IncomingMessage,
  { metrics, unready }: AdminOptions,
): Promise<Answer> => {
  const [path = ""] = url.split("?");
  const known = ["/metrics", "/live", "/ready"];
  if (!known.includes(path)) return plain(404, `there is ${known.join(", ")}`);
  if (method !== "GET" && method !== "HEAD") return plain(405, "GET and HEAD alone");
  if (path === "/live") return plain(200, "alive");
  if (path === "/ready") {
    const why = unready();
    return why === undefined ? plain(200, "ready") : plain(503, why);
  }
  const { type, text } = await metrics();
  return { status: 200, type, text };
};

const send = (response: ServerResponse, { status, type, text }: Answer): void => {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(response.req.method === "HEAD" ? undefined : text);
};

/** Resolves when it listens; rejects when it cannot. */
export const startAdmin = (options: AdminOptions): Promise<Admin> =>
  new Promise((resolve, reject) => {
    const server = createServer(
      { headersTimeout: headerTimeoutMs, requestTimeout: requestTimeoutMs },
      (request, response) => {
        request.resume(); // a body says nothing to us
        answer(request, options).then(
          (found) => send(response, found),
          (error: unknown) => send(response, plain(500, String(error))),
        );
      },
    );
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      const { port } = server.address() as AddressInfo; // it listens on a port
      resolve({
        port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
