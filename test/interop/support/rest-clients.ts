/** Rows of requests by clients in other languages. */
import type { Clients } from "../../peers/support/clients.ts";

export type RestRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The client does not say how long the body is. */
  readonly chunked?: boolean;
  /** It waits for 100 Continue; Go only. */
  readonly expect?: boolean;
};

export type RestReply = {
  readonly status: number;
  readonly version: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  /** 100 Continue came; Go only. */
  readonly continued: boolean;
};

export type RestRow = {
  readonly replies: readonly RestReply[];
  /** On how many connections they went. */
  readonly connections: number;
};

/** One request after the other by one client. */
export type RestClient = (requests: readonly RestRequest[]) => Promise<RestRow>;

/** What our programs write: bodies are base64. */
type Told = Omit<RestReply, "body"> & { readonly body: string; readonly reused?: boolean };

const replyOf = (told: Told): RestReply => ({
  ...told,
  headers: Object.fromEntries(
    Object.entries(told.headers).map(([name, values]) => [name.toLowerCase(), values]),
  ),
  body: Buffer.from(told.body, "base64").toString(),
});

const packed = ({ body, ...rest }: RestRequest): object =>
  body === undefined ? rest : { ...rest, body: Buffer.from(body).toString("base64") };

export const pythonClient =
  (clients: Clients, client: string, more: object = {}): RestClient =>
  async (requests) => {
    const told = (await clients.ask({
      call: "rest",
      client,
      requests: requests.map(packed),
      ...more,
    })) as { answers: readonly Told[]; connections: number }; // written by rest_clients.py
    return { replies: told.answers.map(replyOf), connections: told.connections };
  };

export const goClient =
  (clients: Clients, more: object = {}): RestClient =>
  async (requests) => {
    const told = (await clients.ask({
      call: "rest",
      requests: requests.map((one) => ({
        ...packed(one),
        headers: Object.fromEntries(
          Object.entries(one.headers ?? {}).map(([name, value]) => [name, [value]]),
        ),
      })),
      ...more,
    })) as readonly Told[]; // written by rest_client.go
    const connections = told.filter(({ reused }) => reused !== true).length;
    return { replies: told.map(replyOf), connections };
  };
