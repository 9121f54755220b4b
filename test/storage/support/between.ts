/** A proxy between a fetch and its store, which counts bytes, breaks connections off, and alters bytes. */
import { readFileSync } from "node:fs";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Transform, type TransformCallback } from "node:stream";
import type { Later } from "../../contract/cleanup.ts";

export type Between = {
  readonly port: number;
  /** Its URL, as a store's. */
  readonly url: string;
  /** The bytes of files that have passed, of each answer. */
  readonly passed: readonly Passed[];
  total(): number;
  /** What is done to the answers to come that are files; each is taken once. */
  readonly plans: Plan[];
  /** About how many bytes of files pass in all: what comes then is held until its connection ends. */
  most: number;
  /** Resolves when that many have passed. */
  full(): Promise<void>;
};

export type Passed = { readonly path: string; readonly range: string | undefined; bytes: number };

/** `cut` breaks the connection off after so many bytes, `alter` changes the byte at that place. */
export type Plan = { readonly cut?: number; readonly alter?: number };

export type BetweenOptions = {
  readonly later: Later;
  /** Of the server, if it speaks TLS: `first` is for this machine. */
  readonly certificate?: "first" | "stores";
  /** Answers a request itself, if it says that it does. */
  readonly answers?: (request: IncomingMessage, response: ServerResponse) => boolean;
};

const certificates = new URL("../../support/certificates/", import.meta.url);
export const authority = new URL("ca.crt", certificates).pathname;
export const storesAuthority = new URL("stores.crt", certificates).pathname;

/** A GET that asks for an object's bytes, of S3 or of Google's. */
const isFile = ({ method, url = "" }: IncomingMessage): boolean =>
  method === "GET" &&
  !url.includes("list-type=") &&
  (!url.startsWith("/storage/v1/") || url.includes("alt=media"));

export const startBetween = async (
  upstream: number,
  { later, certificate, answers = () => false }: BetweenOptions,
): Promise<Between> => {
  const passed: Passed[] = [];
  const plans: Plan[] = [];
  const waiting = new Set<() => void>();
  const total = (): number => passed.reduce((sum, { bytes }) => sum + bytes, 0);
  const counted = (record: Passed, plan: Plan, response: ServerResponse): Transform => {
    const pass = (bytes: Buffer, done: TransformCallback): void => {
      record.bytes += bytes.length;
      for (const look of waiting) look();
      if (record.bytes === plan.cut) response.write(bytes, () => response.destroy());
      else done(null, bytes);
    };
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        if (total() < state.most) pass(altered(chunk, record.bytes, plan), done);
      },
    });
  };
  const listener: RequestListener = (asked, response) => {
    if (answers(asked, response)) return;
    const { url = "", method, headers } = asked;
    const sent = request({ port: upstream, host: "127.0.0.1", path: url, method, headers });
    sent.on("error", () => response.destroy());
    response.on("close", () => sent.destroy());
    sent.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (!isFile(asked)) return answer.pipe(response);
      const record = { path: url, range: headers.range, bytes: 0 };
      passed.push(record);
      return answer.pipe(counted(record, plans.shift() ?? {}, response)).pipe(response);
    });
    asked.pipe(sent);
  };
  const isSecure = certificate !== undefined;
  const server = isSecure
    ? createSecureServer(
        {
          cert: readFileSync(new URL(`${certificate}.crt`, certificates)),
          key: readFileSync(new URL(`${certificate}.key`, certificates)),
        },
        listener,
      )
    : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  later(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  const state: Between = {
    ...{ port, passed, plans, total, most: Number.POSITIVE_INFINITY },
    url: `${isSecure ? "https" : "http"}://127.0.0.1:${port}`,
    full: () =>
      new Promise((resolve) => {
        const look = (): void => {
          if (total() < state.most) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
  return state;
};

/** What passes of bytes that begin at a place. */
const altered = (
  chunk: Buffer,
  at: number,
  { cut = Number.POSITIVE_INFINITY, alter = -1 }: Plan,
) => {
  const bytes = Buffer.from(chunk.subarray(0, Math.min(chunk.length, cut - at)));
  const place = alter - at;
  if (place >= 0 && place < bytes.length) bytes[place] = (bytes[place] ?? 0) ^ 1;
  return bytes;
};
