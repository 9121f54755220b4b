import { Agent, request } from "node:http";
import type { Asker, Flow } from "./messages.ts";

const body = JSON.stringify({ data: { ndarray: [[0]] } });

type Answer = { readonly data?: { readonly ndarray?: readonly (readonly unknown[])[] } };

export const openRest = ({ host, port, path = "/", isFresh, headers }: Flow): Asker => {
  const agent = new Agent({ keepAlive: !isFresh, maxSockets: 256 });
  const ask = (limitMs: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = {
        ...{ agent, host, port, path, method: "POST", signal: AbortSignal.timeout(limitMs) },
        headers: {
          "content-type": "application/json",
          "content-length": body.length,
          ...(isFresh ? { connection: "close" } : {}),
          ...headers,
        },
      };
      const sent = request(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (answer.statusCode === 200) resolve(numberIn(text));
          else reject(new Error(`${answer.statusCode} ${text.slice(0, 200)}`));
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  return { ask, close: () => agent.destroy() };
};

const numberIn = (text: string): string => {
  const { data }: Answer = JSON.parse(text);
  return String(data?.ndarray?.[0]?.[0]);
};
