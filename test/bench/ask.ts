/** Single requests: is a server up, and does it answer what it should. */
import { request } from "node:http";

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

const askAgainMs = 1;

/** Asks until the answer is 200. Rejects with the last failure when `limitMs` have passed. */
export const askUntilOk = async (question: Question, limitMs = 30_000): Promise<Reply> => {
  const until = performance.now() + limitMs;
  for (;;) {
    const reply = await ask(question).catch((error: unknown) => ({
      status: 0,
      body: String(error),
    }));
    if (reply.status === 200) return reply;
    if (performance.now() > until) {
      throw new Error(
        `port ${question.port} does not answer ${question.path} with 200 within ${limitMs} ms, but: ${reply.status} ${reply.body.slice(0, 200)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
};
