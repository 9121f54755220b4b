/** Single requests, by clients of Node.js: is a server up, and does it answer what it should. */
import { request } from "node:http";
import { connect } from "node:http2";
import { paths } from "./cases.ts";
import { framed, prefixBytes } from "./h2/grpc.ts";

export type Reply = { readonly status: number; readonly body: string };

export type Question = {
  readonly port: number;
  readonly path: string;
  /** A JSON body goes by POST. */
  readonly body?: string;
};

const patienceMs = 5000;

/** One request on a connection of its own. */
export const ask = ({ port, path, body }: Question): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: body === undefined ? "GET" : "POST",
        headers:
          body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        agent: false,
        timeout: patienceMs,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on("error", reject);
      },
    );
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${patienceMs} ms`)));
    sent.on("error", reject);
    sent.end(body);
  });

/** One call on a connection of its own; the body is the answer's message, as latin1. */
export const askGrpc = (port: number, message: Buffer): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const call = session.request({
      ":method": "POST",
      ":path": paths.grpc,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const parts: Buffer[] = [];
    let status = "";
    const take = (headers: object): void => {
      if ("grpc-status" in headers) status = String(headers["grpc-status"]);
    };
    const fail = (error: Error): void => {
      session.destroy();
      reject(error);
    };
    session.on("error", fail);
    call.on("error", fail);
    call.setTimeout(patienceMs, () => fail(new Error(`no answer within ${patienceMs} ms`)));
    call.on("response", take);
    call.on("trailers", take);
    call.on("data", (part: Buffer) => parts.push(part));
    call.on("end", () => {
      session.close();
      const body = Buffer.concat(parts).toString("latin1", prefixBytes);
      resolve({
        status: status === "0" ? 200 : 0,
        body: status === "0" ? body : `status ${status}`,
      });
    });
    call.end(framed(message));
  });

const askAgainMs = 1;

/** Asks until the status is 200. Rejects with the last failure when `limitMs` have passed. */
export const until200 = async (
  askOnce: () => Promise<Reply>,
  what: string,
  limitMs = 30_000,
): Promise<Reply> => {
  const until = performance.now() + limitMs;
  for (;;) {
    const reply = await askOnce().catch((error: unknown) => ({ status: 0, body: String(error) }));
    if (reply.status === 200) return reply;
    if (performance.now() > until) {
      const last = `${reply.status} ${reply.body.slice(0, 200)}`;
      throw new Error(`${what} does not succeed within ${limitMs} ms, but: ${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
};
