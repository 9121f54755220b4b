/** HTTP as stores need it: bytes as they are stored, and connections through the proxy of the environment. */
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import type { Readable } from "node:stream";
import { FetchFault } from "./fault.ts";
import { networkFault } from "./network.ts";
import type { Env } from "./source.ts";

export type Ask = {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Has to be read or destroyed. */
  readonly body: IncomingMessage;
};

export type Agents = {
  readonly http: PlainAgent;
  readonly https: SecureAgent;
  /** How long a server may be silent. */
  readonly idleMs: number;
};

export type AgentOptions = {
  readonly env: Env;
  readonly idleMs: number;
  /** Whether any certificate will do. */
  readonly isTrusting?: boolean;
};

const mostRedirects = 5;
const mostErrorBytes = 65_536;

/** `proxyEnv`: HTTP_PROXY, HTTPS_PROXY and NO_PROXY count. */
export const makeAgents = ({ env, idleMs, isTrusting = false }: AgentOptions): Agents => {
  const options = { keepAlive: true, proxyEnv: { ...env } };
  return {
    idleMs,
    http: new PlainAgent(options),
    https: new SecureAgent({ ...options, ...(isTrusting ? { rejectUnauthorized: false } : {}) }),
  };
};

export const closeAgents = ({ http, https }: Agents): void => {
  http.destroy();
  https.destroy();
};

/** A URL may hold a password, or a signature in its query. */
export const withoutSecrets = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`;

/** Follows redirects; credentials go no further than to the server that they are for. */
export const ask = async (asked: Ask, agents: Agents): Promise<Answer> => {
  let { url, headers } = asked;
  for (let redirects = 0; ; redirects++) {
    const answer = await askOnce({ ...asked, url, headers }, agents);
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    answer.body.destroy();
    const next = URL.parse(location, url.href);
    const isDowngrade = url.protocol === "https:" && next?.protocol === "http:";
    if (next === null || isDowngrade || redirects >= mostRedirects) {
      const message = `${withoutSecrets(asked.url)}: its redirects lead nowhere that is followed; name the last address`;
      throw new FetchFault("BAD_ANSWER", message);
    }
    if (next.origin !== url.origin) {
      headers = Object.fromEntries(
        Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"),
      );
    }
    url = next;
  }
};

const askOnce = ({ url, headers, signal }: Ask, agents: Agents): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const isSecure = url.protocol === "https:";
    if (!isSecure && url.protocol !== "http:") {
      const message = `${url.protocol} is not followed: only http: and https: are`;
      reject(new FetchFault("BAD_ANSWER", message));
      return;
    }
    const send = isSecure ? secureRequest : plainRequest;
    const agent = isSecure ? agents.https : agents.http;
    const sent = send(url, {
      agent,
      headers: { "accept-encoding": "identity", ...headers },
      signal,
    });
    sent.setTimeout(agents.idleMs, () => sent.destroy(silence(url, agents)));
    sent.on("error", (error) => reject(networkFault(url.origin, error)));
    sent.on("response", (body) =>
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body }),
    );
    sent.end();
  });

const silence = ({ origin }: URL, { idleMs }: Agents): FetchFault =>
  new FetchFault(
    "UNREACHABLE",
    `${origin} says nothing for ${idleMs / 1000} s; check the address`,
    {
      isPassing: true,
    },
  );

/** The beginning of a short body, of an error. */
export const textOf = async (body: Readable, limitBytes = mostErrorBytes): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > limitBytes) break; // which destroys the body
  }
  return Buffer.concat(chunks).toString("utf8", 0, limitBytes);
};
