/**
 * Requests to an API server over HTTP: authenticated anew each time, so that tokens and
 * certificates may rotate; bounded in time, number, rate and size. Nothing is tried twice.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { version } from "../../api/version.ts";
import type { Clock } from "./clock.ts";
import { ClusterError } from "./cluster.ts";
import type { Answer } from "./failure.ts";
import { linesOf } from "./lines.ts";
import { makeRate, type Rate } from "./rate.ts";

export type Ask = {
  /** What people read when it fails: "apply Deployment ns1/x". */
  readonly attempted: string;
  /** The words by which roles and metrics know it. */
  readonly verb: string;
  readonly kind: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Default 10 s; of a stream, how long nothing may come. */
  readonly deadlineMs?: number;
  /** Goes past the rate limit: what waits there must not cost us the lease. */
  readonly isUrgent?: boolean;
  readonly signal?: AbortSignal;
  /** Asked when it is about to be sent, after all waiting; throws what keeps it from being sent. */
  readonly guard?: () => void;
};

/** After every request; `outcome` is the HTTP status, or the code of the error without one. */
export type Asked = (ask: Ask, outcome: string, seconds: number) => void;

/** Certificates, headers and the like; an agent only where requests go through a proxy. */
export type Authorize = () => Promise<RequestOptions>;

export type Wire = {
  /** @throws {ClusterError} UNAVAILABLE without an answer, INVALID for a body beyond bounds. */
  ask(ask: Ask): Promise<Answer>;
  /** Hands over line by line; anything but 200 is answered instead. Throws as `ask` does. */
  stream(ask: Ask, onLine: (line: string) => void): Promise<Answer | undefined>;
  close(): void;
};

export type WireOptions = {
  readonly server: URL;
  readonly authorize: Authorize;
  readonly rate: Rate;
  readonly clock: Clock;
  readonly asked: Asked;
};

const deadlineMs = 10_000;
/** What an API server takes. Source: Kubernetes, apiserver limits (3 MiB). */
const requestLimitBytes = 3 * 1_024 * 1_024;
/** A page of 500 objects is some 10 MB. */
const answerLimitBytes = 256 * 1_024 * 1_024;
const lineLimitBytes = 16 * 1_024 * 1_024;
/** Requests at a time; watches have sockets of their own. */
const maxSockets = 16;
/** After so long without a word a peer is asked whether it is still there. */
const keepAliveMs = 15_000;
/** A connection that rests longer is closed before the server does it, in the middle of a request. */
const restMs = 60_000;

const agentsOf = (isSecure: boolean) => {
  const options = { keepAlive: true, keepAliveMsecs: keepAliveMs, timeout: restMs };
  const Agent = isSecure ? HttpsAgent : HttpAgent;
  return { brief: new Agent({ ...options, maxSockets }), lasting: new Agent(options) };
};

const parsed = (text: string, type: string): unknown =>
  type.startsWith("application/json") ? JSON.parse(text) : text;

const readAll = async (response: IncomingMessage): Promise<Answer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > answerLimitBytes) throw new RangeError(`more than ${answerLimitBytes} bytes`);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const status = response.statusCode ?? 0;
  return { status, body: parsed(text, response.headers["content-type"] ?? "") };
};

const bodyOf = ({ body, attempted }: Ask): Buffer | undefined => {
  if (body === undefined) return undefined;
  const bytes = Buffer.from(JSON.stringify(body));
  if (bytes.length <= requestLimitBytes) return bytes;
  const reason = `it has ${bytes.length} bytes, an API server takes ${requestLimitBytes}`;
  throw new ClusterError("INVALID", attempted, reason);
};

/** Aborts after a time without `touch`, or with the caller. */
const makeLimit = (ms: number, outer: AbortSignal | undefined) => {
  const controller = new AbortController();
  const give = (): void => controller.abort(outer?.reason);
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${ms} ms`)), ms);
  if (outer?.aborted === true) give();
  outer?.addEventListener("abort", give);
  return {
    signal: controller.signal,
    touch: (): void => {
      timer.refresh();
    },
    end: (): void => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", give);
    },
  };
};

type Limit = ReturnType<typeof makeLimit>;

const reasonOf = (error: unknown, { signal }: Limit): string => {
  const why = signal.aborted ? signal.reason : error;
  return why instanceof Error ? why.message : String(why);
};

const headersOf = (ask: Ask, body: Buffer | undefined) => ({
  accept: "application/json",
  "user-agent": `espalier-operator/${version}`,
  ...(body === undefined
    ? {}
    : {
        "content-type": ask.contentType ?? "application/json",
        "content-length": body.length,
      }),
});

const makeOpen = ({ server, authorize }: WireOptions) => {
  const send = server.protocol === "https:" ? httpsRequest : httpRequest;
  const prefix = server.pathname.replace(/\/$/, "");
  const host = server.hostname.replace(/^\[|\]$/g, "");
  return async (ask: Ask, ours: HttpAgent, signal: AbortSignal): Promise<IncomingMessage> => {
    const body = bodyOf(ask);
    const { agent = ours, headers, ...auth } = await authorize();
    const query = new URLSearchParams(ask.query).toString();
    ask.guard?.();
    return new Promise((resolve, reject) => {
      const request = send({
        ...auth,
        ...{ host, port: server.port, agent, method: ask.method, signal },
        path: `${prefix}${ask.path}${query === "" ? "" : `?${query}`}`,
        headers: { ...headers, ...headersOf(ask, body) },
      });
      request.on("response", resolve);
      request.on("error", reject);
      request.end(body);
    });
  };
};

export const makeWire = (options: WireOptions): Wire => {
  const { server, rate, clock, asked } = options;
  const agents = agentsOf(server.protocol === "https:");
  const pass = makeRate(rate, clock);
  const open = makeOpen(options);

  /** Every request passes here: waits its turn, is bounded, measured, and fails in our words. */
  const bounded = async <T extends Answer | undefined>(
    ask: Ask,
    run: (limit: Limit) => Promise<T>,
  ): Promise<T> => {
    if (ask.isUrgent !== true) await pass(ask.signal);
    const from = clock.elapsed();
    const limit = makeLimit(ask.deadlineMs ?? deadlineMs, ask.signal);
    let outcome = "200";
    try {
      const answer = await run(limit);
      outcome = `${answer?.status ?? 200}`;
      return answer;
    } catch (error) {
      const failure =
        error instanceof ClusterError
          ? error
          : new ClusterError("UNAVAILABLE", ask.attempted, reasonOf(error, limit), error);
      outcome = failure.code;
      throw failure;
    } finally {
      limit.end();
      asked(ask, outcome, (clock.elapsed() - from) / 1_000);
    }
  };

  return {
    ask: (ask) =>
      bounded(ask, async ({ signal }) => readAll(await open(ask, agents.brief, signal))),
    stream: (ask, onLine) =>
      bounded(ask, async ({ signal, touch }) => {
        const response = await open(ask, agents.lasting, signal);
        if (response.statusCode !== 200) return readAll(response);
        touch();
        for await (const line of linesOf(response, lineLimitBytes)) {
          touch();
          onLine(line);
        }
        return undefined;
      }),
    close: () => {
      agents.brief.destroy();
      agents.lasting.destroy();
    },
  };
};
