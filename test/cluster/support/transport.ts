/** Raw requests to an API server, with the certificate of a kubeconfig. */
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { setTimeout } from "node:timers/promises";

export type Asked = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

export type Answer = {
  readonly status: number;
  readonly body: unknown;
  /** Texts of the Warning headers, as kubectl prints them. */
  readonly warnings: readonly string[];
};

export type Transport = {
  /** Asks again what the server puts off, as every client of Kubernetes does. */
  readonly ask: (asked: Asked) => Promise<Answer>;
  /** The answer as it begins, for watches. */
  readonly open: (asked: Asked) => Promise<IncomingMessage>;
  readonly close: () => void;
};

type Kubeconfig = {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
};

const limitMs = 60_000;
const maxSockets = 32;
/** A connection that rests longer is closed before the server does it, in the middle of a request. */
const restMs = 60_000;
/** Source: Kubernetes, client-go rest (with_retry.go). */
const mostTries = 10;

const decoded = (value: string | undefined): Buffer => Buffer.from(value ?? "", "base64");

export const openTransport = (kubeconfig: string): Transport => {
  const config: Kubeconfig = JSON.parse(readFileSync(kubeconfig, "utf8"));
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  const credentials = {
    ca: decoded(cluster["certificate-authority-data"]),
    cert: decoded(user["client-certificate-data"]),
    key: decoded(user["client-key-data"]),
  };
  const agent = new Agent({ ...credentials, keepAlive: true, maxSockets, timeout: restMs });
  const watches = new Agent(credentials); // as many as are open
  const openWith = (agent: Agent, asked: Asked): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { method, path, body, contentType = "application/json", headers, signal } = asked;
      const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const sent = request(`${cluster["server"]}${path}`, {
        agent,
        method,
        headers: {
          accept: "application/json",
          "user-agent": "espalier-tests",
          ...(bytes && { "content-type": contentType, "content-length": bytes.length }),
          ...headers,
        },
        ...(signal === undefined ? {} : { signal }),
      });
      sent.once("response", resolve);
      sent.on("error", reject);
      sent.end(bytes);
    });
  const askOnce = async (asked: Asked): Promise<Answer & { readonly againMs?: number }> => {
    const answer = await openWith(agent, asked);
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const isJson = answer.headers["content-type"]?.startsWith("application/json") ?? false;
    return {
      status: answer.statusCode ?? 0,
      body: isJson ? JSON.parse(text) : text,
      warnings: warningsOf(answer),
      ...againOf(answer),
    };
  };
  const ask = async (given: Asked): Promise<Answer> => {
    const signal = given.signal ?? AbortSignal.timeout(limitMs);
    for (let left = mostTries; ; left--) {
      const { againMs, ...answer } = await askOnce({ ...given, signal });
      if (againMs === undefined || left === 1) return answer;
      await setTimeout(againMs, undefined, { signal });
    }
  };
  const close = (): void => {
    agent.destroy();
    watches.destroy();
  };
  return { ask, open: (asked) => openWith(watches, asked), close };
};

/**
 * A server that is not ready to answer says when it will be: the cache of a kind that has just come
 * begins so. Source: KEP-4568; RFC 9110, 10.2.3.
 */
const againOf = ({ statusCode = 0, headers }: IncomingMessage): { readonly againMs?: number } => {
  const isPutOff = statusCode === 429 || statusCode >= 500;
  const seconds = Number(headers["retry-after"]);
  return isPutOff && seconds > 0 ? { againMs: seconds * 1_000 } : {};
};

/** `299 - "text"`. Source: RFC 7234, 5.5. */
const warningsOf = ({ headersDistinct }: IncomingMessage): readonly string[] =>
  (headersDistinct["warning"] ?? []).flatMap((line) =>
    [...line.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
      text.replaceAll(/\\(.)/g, "$1"),
    ),
  );
