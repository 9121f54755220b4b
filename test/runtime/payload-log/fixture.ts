/** Units to log, and hosts that take the events. */
import { EventEmitter, once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { PlanUnit } from "../../../api/plan.ts";
import { certificate, key } from "./tls.ts";

/** A unit without anything, but for what is given. */
export const unit = (name: string, over: Partial<PlanUnit> = {}): PlanUnit => ({
  name,
  children: [],
  methods: [],
  parameters: [],
  ...over,
});

export type Received = {
  readonly method: string | undefined;
  readonly path: string | undefined;
  /** Names as they came, and values, by turns. */
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};

/** A host over HTTP that remembers what it was sent. */
export type Host = {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Resolves when this many requests have come as a whole. */
  count(wanted: number): Promise<void>;
  close(): Promise<void>;
};

export type Answer = (response: ServerResponse, index: number, request: Received) => void;

export const accept: Answer = (response) => {
  response.writeHead(202).end();
};
/** Takes what comes and leaves the client waiting. */
export const hang: Answer = () => {};

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
};

export const openHost = async (answer: Answer = accept, tls = false): Promise<Host> => {
  const received: Received[] = [];
  const news = new EventEmitter();
  const listener: RequestListener = (request, response) => {
    const { method, url, headers, rawHeaders } = request;
    void bodyOf(request).then((body) => {
      const one = { method, path: url, headers, rawHeaders, body };
      received.push(one);
      answer(response, received.length - 1, one);
      news.emit("request");
    });
  };
  const server = tls
    ? createTlsServer({ cert: certificate, key }, listener)
    : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server's address is an AddressInfo
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    received,
    count: async (wanted) => {
      while (received.length < wanted) await once(news, "request");
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};
