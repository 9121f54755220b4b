/** An API server's side of a review: HTTPS, one authority trusted, the Service's name asked for. */
import { Agent, type RequestOptions, request } from "node:https";
import { serverNames } from "../../../operator/admission/webhook-configuration.ts";

export const namespace = "seldon-system";
export const path = "/validate-machinelearning-seldon-io-v1-seldondeployment";

export type Reply = { readonly status: number; readonly body: string; readonly closes: boolean };

export type Client = {
  /** Sends a body, as JSON unless it is a text; fails when the certificate is not trusted. */
  ask(body: unknown, options?: RequestOptions): Promise<Reply>;
  close(): void;
};

export const makeClient = (port: number, authorities: () => string, more = {}): Client => {
  const agent = new Agent({ keepAlive: true, maxSockets: 4, ...more });
  return {
    ask: (body, options = {}) =>
      new Promise((resolve, reject) => {
        const sent = typeof body === "string" ? body : JSON.stringify(body);
        const asked = request(
          {
            ...{ host: "127.0.0.1", port, path: `${path}?timeout=10s`, method: "POST", agent },
            ca: authorities(),
            servername: serverNames(namespace)[1],
            headers: { "content-type": "application/json" },
            ...options,
          },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on("data", (chunk) => chunks.push(chunk));
            answer.on("error", reject);
            answer.on("end", () =>
              resolve({
                status: answer.statusCode ?? 0,
                body: Buffer.concat(chunks).toString(),
                closes: answer.headers.connection === "close",
              }),
            );
          },
        );
        asked.on("error", reject);
        asked.end(sent);
      }),
    close: () => agent.destroy(),
  };
};
